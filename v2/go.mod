module github.com/signalfx/signalflow-client-go/v2

go 1.25.0

require (
	github.com/signalfx/signalflow-client-go v0.0.0
	github.com/signalfx/signalfx-go v1.40.1
)

require github.com/gorilla/websocket v1.5.3 // indirect

replace github.com/signalfx/signalflow-client-go => ..
