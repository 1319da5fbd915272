module github.com/signalfx/signalflow-client-go

go 1.25.0

require (
	github.com/gorilla/websocket v1.5.3
	github.com/signalfx/signalfx-go v1.40.1
)
