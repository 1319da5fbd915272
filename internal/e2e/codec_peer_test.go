// Package e2e compares this project with the published Go client, and lets them
// talk to each other. It is a module of its own, outside the workspace, so that
// the published client is the published one. Run it with GOWORK=off.
package e2e

import (
	"reflect"
	"runtime"
	"strings"
	"testing"

	peer "github.com/signalfx/signalflow-client-go/v2/signalflow/messages"

	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// TestPeerIsPublishedModule fails when the comparisons here would measure this
// project against itself: the published module's source must come from the module
// cache in its published version, ours from this checkout.
func TestPeerIsPublishedModule(t *testing.T) {
	const published = "github.com/signalfx/signalflow-client-go/v2@v2.4.0/signalflow/messages/"
	if file := sourceOf(peer.ParseMessage); !strings.Contains(file, published) {
		t.Errorf("the published client is compiled from %s, want a path with %s", file, published)
	}
	if file := sourceOf(messages.ParseMessage); strings.Contains(file, "@") {
		t.Errorf("our client is compiled from %s, which is not this checkout", file)
	}
	theirs, ours := reflect.TypeFor[peer.DataMessage](), reflect.TypeFor[messages.DataMessage]()
	if theirs == ours {
		t.Errorf("both DataMessage types are %v", theirs.PkgPath())
	}
}

// sourceOf names the file that a function was compiled from.
func sourceOf(function any) string {
	f := runtime.FuncForPC(reflect.ValueOf(function).Pointer())
	file, _ := f.FileLine(f.Entry())
	return file
}
