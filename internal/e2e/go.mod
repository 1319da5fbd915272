module github.com/signalfx/signalflow-client-go/internal/e2e

go 1.25.0

require (
	github.com/gorilla/websocket v1.5.3
	github.com/signalfx/signalflow-client-go v0.0.0
	github.com/signalfx/signalflow-client-go/v2 v2.4.0
)

require github.com/signalfx/signalfx-go v1.40.1

replace github.com/signalfx/signalflow-client-go => ../..
