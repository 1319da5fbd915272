package wire

import (
	"bytes"
	"encoding/binary"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"
)

// KEEP_ALIVE keeps its time on a connection that is never empty and reads slowly.
func TestKeepAliveOvertakesData(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, l := serve(t, sending(0), Options{})
		ws := dial(t, l)
		say(t, ws, execute)
		last := time.Now()
		for n := 0; n < 10; {
			_, text, err := ws.ReadMessage()
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(text, []byte("KEEP_ALIVE")) {
				if gap := time.Since(last); gap > 20*time.Second {
					t.Errorf("%v between two KEEP_ALIVE", gap)
				}
				last = time.Now()
				n++
			}
			time.Sleep(100 * time.Millisecond)
		}
	})
}

// Whoever asks without end and never reads an answer is cut off, be it with tokens, pings
// or nonsense; whoever reads may go on.
func TestFloodOfRequests(t *testing.T) {
	for name, request := range map[string]string{
		"authenticate": `{"type":"authenticate","token":"good"}`,
		"nonsense":     `[]`,
		"stop":         `{"type":"stop"}`,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server, l := serve(t, funcBackend(untilEnd), Options{})
				ws := dial(t, l)
				written := 0
				for ; written < 100_000; written++ {
					if ws.WriteMessage(websocket.TextMessage, []byte(request)) != nil {
						break
					}
				}
				synctest.Wait()
				if list := server.Connections(); len(list) != 0 {
					t.Errorf("after %d requests there is still %v", written, list)
				}
				reader := dial(t, l)
				for range 1000 {
					say(t, reader, request)
					if _, _, err := reader.ReadMessage(); err != nil {
						t.Fatal(err)
					}
					if name == "authenticate" {
						hear(t, reader, "KEEP_ALIVE")
					}
				}
			})
		})
	}
}

// Frames that lie about their length, come unmasked, are of no known kind or never end
// close their connection within the time to authenticate, and cost no memory.
func TestHostileFrames(t *testing.T) {
	endless := binary.BigEndian.AppendUint64([]byte{0x81, 0xff}, 1<<62)
	for name, frame := range map[string][]byte{
		"huge":         append(endless, 1, 2, 3, 4),
		"negative":     append(binary.BigEndian.AppendUint64([]byte{0x81, 0xff}, 1<<63), 1, 2, 3, 4),
		"unmasked":     {0x81, 2, '{', '}'},
		"opcode":       {0x83, 0x80, 0, 0, 0, 0},
		"continuation": {0x80, 0x80, 0, 0, 0, 0},
		"long ping":    {0x89, 0xfe, 0, 200, 0, 0, 0, 0},
		"half a frame": {0x81, 0xfe, 0xff},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server, l := serve(t, funcBackend(untilEnd), Options{})
				ws := connect(t, l)
				begin := time.Now()
				if _, err := ws.NetConn().Write(frame); err != nil {
					t.Fatal(err)
				}
				if _, err := io.ReadAll(ws.NetConn()); err != nil {
					t.Error(err)
				}
				if took := time.Since(begin); took > 5*time.Second+2*closeGrace {
					t.Errorf("closed after %v", took)
				}
				synctest.Wait()
				if list := server.Connections(); len(list) != 0 {
					t.Errorf("left over: %v", list)
				}
			})
		})
	}
}
