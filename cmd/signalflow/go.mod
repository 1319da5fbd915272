module github.com/signalfx/signalflow-client-go/cmd/signalflow

go 1.25.0

require github.com/signalfx/signalflow-client-go v0.0.0

replace github.com/signalfx/signalflow-client-go => ../..
