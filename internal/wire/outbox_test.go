package wire

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

// A busy channel delays another one by one chunk at most.
func TestChannelsTakeTurns(t *testing.T) {
	b := newOutbox(64 << 20)
	busy, calm := b.newQueue(8<<20, nil), b.newQueue(8<<20, nil)
	for range 100 {
		if err := busy.push(opText, bytes.Repeat([]byte("b"), 10<<10), false); err != nil {
			t.Fatal(err)
		}
	}
	if err := calm.push(opText, []byte("calm"), false); err != nil {
		t.Fatal(err)
	}
	if err := b.first.push(opText, []byte("urgent"), false); err != nil {
		t.Fatal(err)
	}
	var order []string
	for total := 0; ; {
		frames, owned, _ := b.next(nil)
		if len(frames) == 0 {
			if total < 100*10<<10 {
				t.Errorf("only %d bytes came out", total)
			}
			break
		}
		total += len(frames)
		for _, name := range []string{"urgent", "calm", "bbbb"} {
			if bytes.Contains(frames, []byte(name)) {
				order = append(order, name)
			}
		}
		if owned != nil {
			owned.release()
		}
	}
	if got := strings.Join(order[:4], " "); got != "urgent bbbb calm bbbb" {
		t.Errorf("order of writes: %s", got)
	}
}

func TestQueueBound(t *testing.T) {
	b := newOutbox(64 << 20)
	q := b.newQueue(1000, nil)
	big := make([]byte, 5000)
	if err := q.push(opBinary, big, false); err != nil {
		t.Errorf("an empty queue refuses a message over its limit: %v", err)
	}
	if err := q.push(opBinary, []byte("x"), false); !errors.Is(err, errFull) {
		t.Errorf("a full queue takes more: %v", err)
	}
	if err := q.push(opText, []byte("end"), true); err != nil {
		t.Errorf("a full queue refuses the terminal message: %v", err)
	}
	b.next(nil)
	select {
	case <-q.room:
	default:
		t.Error("the waiting sender was not told of the room")
	}
	q.drop()
	if err := q.push(opText, []byte("late"), false); !errors.Is(err, errDetached) {
		t.Errorf("a detached queue takes more: %v", err)
	}
	if q.bytes != 0 || b.bytes != 0 {
		t.Errorf("a detached queue holds %d bytes, the outbox %d", q.bytes, b.bytes)
	}
}

func TestFrameHeaders(t *testing.T) {
	for size, want := range map[int][]byte{
		0: {0x81, 0}, 125: {0x81, 125}, 126: {0x81, 126, 0, 126}, 65535: {0x81, 126, 255, 255}, 65536: {0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0},
	} {
		frame := appendFrame(nil, opText, make([]byte, size))
		if header := frame[:len(frame)-size]; !bytes.Equal(header, want) {
			t.Errorf("%d bytes: header % x, want % x", size, header, want)
		}
	}
}

func TestCloseReasonIsCutToFit(t *testing.T) {
	frame := closeFrame(4401, strings.Repeat("é", 100))
	payload := frame[2:]
	if len(payload) != int(frame[1]) || len(payload) > 125 || !utf8.Valid(payload[2:]) {
		t.Errorf("%d bytes announced, %d there, valid %v", frame[1], len(payload), utf8.Valid(payload[2:]))
	}
}
