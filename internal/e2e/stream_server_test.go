package e2e

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/gorilla/websocket"
)

// batchBytes is how much the server writes at once.
const batchBytes = 256 << 10

// streamRequest is what a client asks of the server, in the query of its stream URL: both
// clients would otherwise need a way to say it.
type streamRequest struct {
	Channels int // computations that the client starts before anything is sent
	Points   int // in each data message
	Messages int // on each channel; a flood sends some more, to fill its last batch
	Rate     int // messages a second on each channel; 0 is as fast as the client reads
}

// url is the stream URL for the server at addr.
func (r streamRequest) url(addr string) string {
	return fmt.Sprintf("ws://%s/%d/%d/%d/%d", addr, r.Channels, r.Points, r.Messages, r.Rate)
}

func init() { programs["server"] = serveStreams }

// serveStreams is a server without any of our code: it frames every message once and then
// only copies bytes to the socket, so that the client is what is measured. It prints its
// address and runs until it is killed.
func serveStreams(_ []byte, out *json.Encoder) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	if err := out.Encode(listener.Addr().String()); err != nil {
		return err
	}
	return http.Serve(listener, http.HandlerFunc(serveStream))
}

func serveStream(w http.ResponseWriter, r *http.Request) {
	var want streamRequest
	if _, err := fmt.Sscanf(r.URL.Path, "/%d/%d/%d/%d/connect", &want.Channels, &want.Points, &want.Messages, &want.Rate); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	upgrader := websocket.Upgrader{}
	ws, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer ws.Close()
	channels, err := handshake(ws, want.Channels)
	if err != nil {
		return
	}
	conn := ws.NetConn()
	if want.Rate > 0 {
		err = pace(conn, want, channels)
	} else {
		err = flood(conn, want, channels)
	}
	if err == nil {
		end(conn, channels)
		ws.ReadMessage() // until the client goes away
	}
}

// handshake authenticates a client and waits until it has started all its computations.
func handshake(ws *websocket.Conn, computations int) (channels []string, err error) {
	for len(channels) < computations {
		var request struct{ Type, Channel string }
		if err := ws.ReadJSON(&request); err != nil {
			return nil, err
		}
		reply := `{"type":"authenticated"}`
		if request.Type == "execute" {
			channels = append(channels, request.Channel)
			reply = fmt.Sprintf(`{"type":"control-message","channel":%q,"event":"JOB_START","handle":"h-%[1]s","timestampMs":1}`, request.Channel)
		}
		if err := ws.WriteMessage(websocket.TextMessage, []byte(reply)); err != nil {
			return nil, err
		}
	}
	return channels, nil
}

// flood writes as fast as the client reads, round by round over the channels.
func flood(conn net.Conn, want streamRequest, channels []string) error {
	var batch []byte
	rounds := 0
	for ; len(batch) < batchBytes; rounds++ {
		for _, channel := range channels {
			batch = appendFrame(batch, websocket.BinaryMessage, dataFrameOn(channel, want.Points))
		}
	}
	for sent := 0; sent < want.Messages; sent += rounds {
		if _, err := conn.Write(batch); err != nil {
			return err
		}
	}
	return nil
}

// pace writes a message on each channel Rate times a second, spread evenly over the time.
// The first point of a message is a long: the time of sending in nanoseconds.
func pace(conn net.Conn, want streamRequest, channels []string) error {
	var frames [][]byte
	for _, channel := range channels {
		frames = append(frames, dataFrameOn(channel, want.Points))
	}
	const firstValue = 20 + 12 + 9 // behind header, body header, type and tsId
	interval := time.Second / time.Duration(want.Rate*len(channels))
	var out []byte
	begin := time.Now()
	for sent := 0; sent < want.Messages*len(channels); {
		due := min(int(time.Since(begin)/interval)+1, want.Messages*len(channels))
		out = out[:0]
		for ; sent < due; sent++ {
			frame := frames[sent%len(frames)]
			binary.BigEndian.PutUint64(frame[firstValue:], uint64(time.Now().UnixNano()))
			out = appendFrame(out, websocket.BinaryMessage, frame)
		}
		if _, err := conn.Write(out); err != nil {
			return err
		}
		time.Sleep(time.Until(begin.Add(time.Duration(sent) * interval)))
	}
	return nil
}

// end ends every channel.
func end(conn net.Conn, channels []string) error {
	var out []byte
	for _, channel := range channels {
		text := fmt.Appendf(nil, `{"type":"control-message","channel":%q,"event":"END_OF_CHANNEL","timestampMs":1}`, channel)
		out = appendFrame(out, websocket.TextMessage, text)
	}
	_, err := conn.Write(out)
	return err
}

func dataFrameOn(channel string, points int) []byte {
	frame := dataFrame(points)
	clear(frame[4:20])
	copy(frame[4:20], channel)
	return frame
}

// appendFrame appends an unmasked WebSocket frame (RFC 6455, section 5.2).
func appendFrame(b []byte, kind int, payload []byte) []byte {
	b = append(b, 0x80|byte(kind))
	switch n := len(payload); {
	case n < 126:
		b = append(b, byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 127), uint64(n))
	}
	return append(b, payload...)
}
