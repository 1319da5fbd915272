package e2e

import (
	"reflect"
	"testing"

	peer "github.com/signalfx/signalflow-client-go/v2/signalflow/messages"

	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// TestMessagesAPI checks that every field, tag and method of the published types
// is there with the same type, so that programs compile unchanged. More may be
// there. Types print alike, since both packages have the same name.
func TestMessagesAPI(t *testing.T) {
	for _, pair := range []struct{ theirs, ours reflect.Type }{
		{reflect.TypeFor[peer.AuthenticatedMessage](), reflect.TypeFor[messages.AuthenticatedMessage]()},
		{reflect.TypeFor[peer.BaseChannelMessage](), reflect.TypeFor[messages.BaseChannelMessage]()},
		{reflect.TypeFor[peer.BaseControlMessage](), reflect.TypeFor[messages.BaseControlMessage]()},
		{reflect.TypeFor[peer.BaseJSONChannelMessage](), reflect.TypeFor[messages.BaseJSONChannelMessage]()},
		{reflect.TypeFor[peer.BaseJSONMessage](), reflect.TypeFor[messages.BaseJSONMessage]()},
		{reflect.TypeFor[peer.BaseMessage](), reflect.TypeFor[messages.BaseMessage]()},
		{reflect.TypeFor[peer.BinaryMessageHeader](), reflect.TypeFor[messages.BinaryMessageHeader]()},
		{reflect.TypeFor[peer.ChannelAbortControlMessage](), reflect.TypeFor[messages.ChannelAbortControlMessage]()},
		{reflect.TypeFor[peer.ChannelMessage](), reflect.TypeFor[messages.ChannelMessage]()},
		{reflect.TypeFor[peer.DataMessage](), reflect.TypeFor[messages.DataMessage]()},
		{reflect.TypeFor[peer.DataMessageHeader](), reflect.TypeFor[messages.DataMessageHeader]()},
		{reflect.TypeFor[peer.DataPayload](), reflect.TypeFor[messages.DataPayload]()},
		{reflect.TypeFor[peer.EndOfChannelControlMessage](), reflect.TypeFor[messages.EndOfChannelControlMessage]()},
		{reflect.TypeFor[peer.ErrorContext](), reflect.TypeFor[messages.ErrorContext]()},
		{reflect.TypeFor[peer.ErrorMessage](), reflect.TypeFor[messages.ErrorMessage]()},
		{reflect.TypeFor[peer.EventMessage](), reflect.TypeFor[messages.EventMessage]()},
		{reflect.TypeFor[peer.ExpiredTSIDMessage](), reflect.TypeFor[messages.ExpiredTSIDMessage]()},
		{reflect.TypeFor[peer.FindLimitedResultSetContents](), reflect.TypeFor[messages.FindLimitedResultSetContents]()},
		{reflect.TypeFor[peer.FindMatchedNoTimeseriesContents](), reflect.TypeFor[messages.FindMatchedNoTimeseriesContents]()},
		{reflect.TypeFor[peer.GroupByMissingPropertyContents](), reflect.TypeFor[messages.GroupByMissingPropertyContents]()},
		{reflect.TypeFor[peer.InfoMessage](), reflect.TypeFor[messages.InfoMessage]()},
		{reflect.TypeFor[peer.JSONMessage](), reflect.TypeFor[messages.JSONMessage]()},
		{reflect.TypeFor[peer.JobDetectedLagContents](), reflect.TypeFor[messages.JobDetectedLagContents]()},
		{reflect.TypeFor[peer.JobInitialMaxDelayContents](), reflect.TypeFor[messages.JobInitialMaxDelayContents]()},
		{reflect.TypeFor[peer.JobRunningResolutionContents](), reflect.TypeFor[messages.JobRunningResolutionContents]()},
		{reflect.TypeFor[peer.JobStartControlMessage](), reflect.TypeFor[messages.JobStartControlMessage]()},
		{reflect.TypeFor[peer.Message](), reflect.TypeFor[messages.Message]()},
		{reflect.TypeFor[peer.MessageBlock](), reflect.TypeFor[messages.MessageBlock]()},
		{reflect.TypeFor[peer.MetadataMessage](), reflect.TypeFor[messages.MetadataMessage]()},
		{reflect.TypeFor[peer.MetadataProperties](), reflect.TypeFor[messages.MetadataProperties]()},
		{reflect.TypeFor[peer.TimestampedMessage](), reflect.TypeFor[messages.TimestampedMessage]()},
		{reflect.TypeFor[peer.ValType](), reflect.TypeFor[messages.ValType]()},
	} {
		if pair.theirs.String() != pair.ours.String() || pair.theirs.Kind() != pair.ours.Kind() {
			t.Errorf("%v (%v) is %v (%v)", pair.theirs, pair.theirs.Kind(), pair.ours, pair.ours.Kind())
			continue
		}
		checkMethods(t, pair.theirs, pair.ours)
		if pair.theirs.Kind() == reflect.Interface {
			continue
		}
		checkMethods(t, reflect.PointerTo(pair.theirs), reflect.PointerTo(pair.ours))
		if pair.theirs.Kind() == reflect.Struct {
			checkFields(t, pair.theirs, pair.ours)
		}
	}
	theirs, ours := reflect.TypeOf(peer.ParseMessage), reflect.TypeOf(messages.ParseMessage)
	if theirs.String() != ours.String() {
		t.Errorf("ParseMessage is %v, want %v", ours, theirs)
	}
}

func checkMethods(t *testing.T, theirs, ours reflect.Type) {
	for i := range theirs.NumMethod() {
		want := theirs.Method(i)
		got, ok := ours.MethodByName(want.Name)
		if !ok || got.Type.String() != want.Type.String() {
			t.Errorf("method %v.%s is %v, want %v", theirs, want.Name, got.Type, want.Type)
		}
	}
}

func checkFields(t *testing.T, theirs, ours reflect.Type) {
	for i := range theirs.NumField() {
		want := theirs.Field(i)
		if !want.IsExported() {
			continue
		}
		got, ok := ours.FieldByName(want.Name)
		if !ok || got.Type.String() != want.Type.String() || got.Tag != want.Tag || got.Anonymous != want.Anonymous {
			t.Errorf("field %v.%s is %v %q, want %v %q", theirs, want.Name, got.Type, got.Tag, want.Type, want.Tag)
		}
	}
}

// TestMessagesConstants compares the constants that programs use.
func TestMessagesConstants(t *testing.T) {
	for _, pair := range [][2]any{
		{peer.StreamStartEvent, messages.StreamStartEvent}, {peer.JobStartEvent, messages.JobStartEvent},
		{peer.JobProgressEvent, messages.JobProgressEvent}, {peer.ChannelAbortEvent, messages.ChannelAbortEvent},
		{peer.EndOfChannelEvent, messages.EndOfChannelEvent}, {peer.JobRunningResolution, messages.JobRunningResolution},
		{peer.JobDetectedLag, messages.JobDetectedLag}, {peer.JobInitialMaxDelay, messages.JobInitialMaxDelay},
		{peer.FindLimitedResultSet, messages.FindLimitedResultSet}, {peer.FindMatchedNoTimeseries, messages.FindMatchedNoTimeseries},
		{peer.GroupByMissingProperty, messages.GroupByMissingProperty}, {peer.AuthenticatedType, messages.AuthenticatedType},
		{peer.ControlMessageType, messages.ControlMessageType}, {peer.ErrorType, messages.ErrorType},
		{peer.MetadataType, messages.MetadataType}, {peer.MessageType, messages.MessageType}, {peer.DataType, messages.DataType},
		{peer.EventType, messages.EventType}, {peer.WebsocketErrorType, messages.WebsocketErrorType},
		{peer.ExpiredTSIDType, messages.ExpiredTSIDType}, {uint8(peer.ValTypeLong), uint8(messages.ValTypeLong)},
		{uint8(peer.ValTypeDouble), uint8(messages.ValTypeDouble)}, {uint8(peer.ValTypeInt), uint8(messages.ValTypeInt)},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%v is %v", pair[0], pair[1])
		}
	}
	for i := range 256 {
		if theirs, ours := peer.ValType(i).String(), messages.ValType(i).String(); theirs != ours {
			t.Errorf("ValType %d prints %q, want %q", i, ours, theirs)
		}
	}
}
