// Package signalflow is the client under the import path that the published one has, so that
// programs written for that one compile unchanged. It has an alias for each exported name of
// [github.com/signalfx/signalflow-client-go/signalflow] and nothing else: the documentation is
// there, and values of the two packages are the same. New programs import that one.
package signalflow
