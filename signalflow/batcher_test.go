package signalflow

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/signalfx/signalflow-client-go/signalflow/messages"
)

// batcherScript plays messages to a batcher and returns the steps that come out.
//
// In: 3 is a data message for time 3, i3 an information message, hold the end of the hold
// timer, again a further run, end the normal end and cut any other. Out: 3x2 is a step of two
// messages for time 3, with ? if it may be incomplete and < if it is late.
func batcherScript(t *testing.T, script string) string {
	t.Helper()
	var out []string
	var b batcher
	b.emit = func(s step) {
		text := fmt.Sprintf("%dx%d", s.at, len(s.msgs))
		if s.incomplete {
			text += "?"
		}
		if s.late {
			text += "<"
		}
		out = append(out, text)
	}
	for word := range strings.FieldsSeq(script) {
		switch {
		case word == "hold":
			b.giveUp(b.begun)
		case word == "again":
			b.restart()
		case word == "end", word == "cut":
			b.finish(word == "cut")
		default:
			at, err := strconv.ParseInt(strings.TrimPrefix(word, "i"), 10, 64)
			switch {
			case err != nil:
				t.Fatalf("%q in the script", word)
			case word[0] == 'i':
				b.info(at)
			default:
				b.data(messages.NewData(at, nil))
			}
		}
		if b.steps > 0 && len(b.open) >= b.steps {
			t.Errorf("%s: %d messages wait, and a step has %d", script, len(b.open), b.steps)
		}
	}
	return strings.Join(out, " ")
}

// The rules of protocol.md 6.5, and the inputs at which other clients fail.
func TestBatcher(t *testing.T) {
	for _, test := range []struct{ name, in, want string }{
		// The table of 6.5.
		{"as servers send it", "1 1 i1 2 2 3 3 end", "1x2 2x2 3x2"},
		{"no information before the second", "1 2 3 4 end", "1x1 2x1 3x1 4x1"},
		{"information first", "i1 1 2 3 end", "1x1 2x1 3x1"},
		{"information before each", "i1 1 1 i2 2 2 i3 3 3 end", "1x2 2x2 3x2"},
		{"N falls", "1 1 i1 2 3 4 5 end", "1x2 2x1? 3x1? 4x1 5x1"},
		{"N grows", "1 i1 2 2 3 3 4 4 end", "1x1 2x1 2x1< 3x2 4x2"},

		// Rule 2: a later time closes, an earlier one comes on its own.
		{"a later time closes", "1 1 2", "1x2"},
		{"an earlier time", "1 i1 5 3 6 end", "1x1 5x1 3x1< 6x1"},
		{"an earlier time while one is open", "1 1 i1 5 3 5 6 6 end", "1x2 3x1< 5x2 6x2"},
		{"the rest of the last one while one is open", "1 1 1 i1 2 2 3 2 3 3 end", "1x3 2x2? 2x1< 3x3"},
		{"the first one in disorder", "5 3 5 i5 6 6 end", "3x1< 5x2 6x2"},

		// Rule 3: the last message that is expected closes at once.
		{"at once", "1 1 i1 2 2", "1x2 2x2"},
		{"not before", "1 1 i1 2", "1x2"},

		// Rule 4: a larger count holds at once, a smaller one after two in a row.
		{"one small step", "1 1 i1 2 3 3 4 5 5 end", "1x2 2x1? 3x2 4x1? 5x2"},
		{"two small steps with a full one between", "1 1 i1 2 3 3 4 5 5 6 end", "1x2 2x1? 3x2 4x1? 5x2 6x1?"},
		{"from three to one by way of two", "1 1 1 i1 2 2 3 4 5 end", "1x3 2x2? 3x1? 4x1 5x1"},
		{"grows by information", "1 i1 2 2 i2 3 3 end", "1x1 2x1 2x1< 3x2"},
		{"grows by two", "1 i1 2 2 2 3 3 3 end", "1x1 2x1 2x1< 2x1< 3x3"},
		{"falls and grows again", "1 1 i1 2 3 4 5 5 6 6 end", "1x2 2x1? 3x1? 4x1 5x1 5x1< 6x2"},

		// Rule 5: information closes what is not later than it, and never sets N to 0.
		{"information of before", "1 1 i1 2 i1 2", "1x2 2x2"},
		{"information of later", "1 1 i9 2 2", "1x2 2x2"},
		{"nothing but information", "i1 i2 1 1 i1 2 2", "1x2 2x2"},
		{"information between", "1 1 i1 2 2 i2 i2 3 3", "1x2 2x2 3x2"},
		{"information in the middle of a step", "1 1 i1 2 i2 2 3 3", "1x2 2x1? 2x1< 3x2"},

		// Rule 6: the timer marks, and teaches too.
		{"held too long", "1 1 i1 2 hold 2 3 3", "1x2 2x1? 2x1< 3x2"},
		{"held twice", "1 1 i1 2 hold 3 hold 4", "1x2 2x1? 3x1? 4x1"},
		{"the timer has nothing to do", "hold 1 1 i1 hold 2 2 hold", "1x2 2x2"},

		// Rule 7: the end.
		{"the end closes", "1 1 end", "1x2"},
		{"the end of an incomplete one", "1 1 i1 2 end", "1x2 2x1?"},
		{"cut off", "1 1 i1 2 cut", "1x2 2x1?"},
		{"cut off in the first one", "1 1 cut", "1x2?"},
		{"cut off between two", "1 1 i1 2 2 cut", "1x2 2x2"},
		{"nothing at all", "end", ""},
		{"a further run forgets the open one", "1 1 i1 2 again 2 2 3 3 end", "1x2 2x2 3x2"},
		{"a further run that goes back", "1 1 i1 2 2 again 1 1 2 2 end", "1x2 2x2 1x2 2x2"},
		{"a further run begins the count of small steps anew", "1 1 i1 2 3 again 3 4 4 end", "1x2 2x1? 3x1? 4x2"},
	} {
		if got := batcherScript(t, test.in); got != test.want {
			t.Errorf("%s:\n  in   %s\n  got  %s\n  want %s", test.name, test.in, got, test.want)
		}
	}
}

// Whatever comes, in whatever order: no message is lost and none comes twice.
func FuzzBatcher(f *testing.F) {
	f.Add([]byte{1, 1, 0x81, 2, 2, 3})
	f.Add([]byte{5, 3, 0xff, 5, 0x85, 6})
	f.Fuzz(func(t *testing.T, script []byte) {
		var b batcher
		sent, got, newest := 0, 0, int64(-1)
		b.emit = func(s step) {
			got += len(s.msgs)
			if len(s.msgs) == 0 {
				t.Fatal("a step without a message")
			}
			if !s.late && s.at <= newest {
				t.Fatalf("%d after %d is not marked as late", s.at, newest)
			}
			newest = max(newest, s.at)
		}
		for _, x := range script {
			switch {
			case x == 0xff:
				b.giveUp(b.begun)
			case x >= 0x80:
				b.info(int64(x - 0x80))
			default:
				sent++
				b.data(messages.NewData(int64(x), nil))
			}
		}
		b.finish(false)
		if sent != got || len(b.open) > 0 {
			t.Fatalf("%d messages came out of %d", got, sent)
		}
	})
}
