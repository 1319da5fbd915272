// Package messages is the codec under the import path that the published one has. It has an
// alias for each exported name of
// [github.com/signalfx/signalflow-client-go/signalflow/messages] and nothing else: the
// documentation is there, and values of the two packages are the same.
package messages
