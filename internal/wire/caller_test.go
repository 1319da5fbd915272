package wire_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"github.com/signalfx/signalflow-client-go/internal/memnet"
)

// caller is the side of a peer over HTTP. It makes HTTP requests of what a file says, and
// writes answers and events as the frames that the same would be over WebSocket.
type caller struct {
	*peer
	http   *http.Transport
	ctx    context.Context
	cancel context.CancelFunc
	token  string
	done   sync.WaitGroup // readers of responses

	guard   sync.Mutex
	streams map[string]context.CancelFunc // by channel
}

func newCaller(c *peer, l *memnet.Listener) *caller {
	s := &caller{peer: c, http: &http.Transport{DialContext: l.DialContext, DisableCompression: true}, streams: make(map[string]context.CancelFunc)}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s
}

// inPath, inBody are the fields that are not in the query.
var inPath, inBody = []string{"type", "channel", "handle", "token"}, []string{"program", "programArgs"}

func (s *caller) say(text string) error {
	var fields map[string]any
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&fields); err != nil {
		return err
	}
	kind, _ := fields["type"].(string)
	channel, _ := fields["channel"].(string)
	handle, _ := fields["handle"].(string)
	switch kind {
	case "authenticate":
		s.token, _ = fields["token"].(string)
		return s.authenticate()
	case "detach":
		s.detach(channel)
		return nil
	case "execute", "preflight", "explain":
		return s.stream(channel, "/"+kind, fields)
	case "attach":
		return s.stream(channel, "/"+handle+"/attach", fields)
	case "start":
		return s.start(channel, fields)
	case "stop", "keepalive":
		// Over WebSocket there is no answer, not even if the handle is unknown.
		_, err := s.ask(s.ctx, http.MethodPost, "/"+handle+"/"+kind, fields)
		return err
	}
	return fmt.Errorf("%s cannot be said over HTTP", kind)
}

// ask sends a request and returns the response.
func (s *caller) ask(ctx context.Context, method, path string, fields map[string]any) (*http.Response, error) {
	query := make(url.Values)
	for name, v := range fields {
		if v != nil && !contains(inPath, name) && !contains(inBody, name) {
			query.Set(name, fmt.Sprint(v))
		}
	}
	var body io.Reader
	contentType := "text/plain"
	if program, has := fields["program"]; has {
		text, _ := program.(string)
		if args, has := fields["programArgs"]; has {
			contentType = "application/json"
			b, err := json.Marshal(map[string]any{"programText": program, "programArgs": args})
			if err != nil {
				return nil, err
			}
			text = string(b)
		}
		body = strings.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://memnet/v2/signalflow"+path+"?"+query.Encode(), body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("X-SF-Token", s.token)
	req.Header.Set("Content-Type", contentType)
	resp, err := s.http.RoundTrip(req)
	if err == nil && resp.Header.Get("Content-Type") != "text/event-stream" {
		text, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		resp.Body = io.NopCloser(bytes.NewReader(text))
		return resp, err
	}
	return resp, err
}

func contains(list []string, s string) bool {
	return strings.Contains(" "+strings.Join(list, " ")+" ", " "+s+" ")
}

func (s *caller) authenticate() error {
	resp, err := s.ask(s.ctx, http.MethodGet, "", nil)
	if err == nil && resp.StatusCode != http.StatusNoContent {
		err = s.refused("", resp)
	}
	return err
}

// refused adds what a status other than 2xx says.
func (s *caller) refused(channel string, resp *http.Response) error {
	var body map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&body); err != nil {
		return fmt.Errorf("body of status %d: %w", resp.StatusCode, err)
	}
	if code, _ := body["code"].(float64); int(code) != resp.StatusCode {
		return fmt.Errorf("status %d with code %v", resp.StatusCode, body["code"])
	}
	if resp.StatusCode == http.StatusUnauthorized {
		s.add(frame{mark: "shown", text: fmt.Sprint("close 4401 ", body["message"])})
		return nil
	}
	body["error"] = body["code"]
	delete(body, "code")
	return s.addJSON("error", channel, body)
}

func (s *caller) addJSON(kind, channel string, body map[string]any) error {
	body["type"] = kind
	if channel != "" {
		body["channel"] = channel
	}
	text, err := json.Marshal(body)
	s.add(frame{channel: channel, text: string(text)})
	return err
}

func (s *caller) start(channel string, fields map[string]any) error {
	resp, err := s.ask(s.ctx, http.MethodPost, "/start", fields)
	if err != nil || channel == "" {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return s.refused(channel, resp)
	}
	var body map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&body); err != nil {
		return err
	}
	return s.addJSON("computation-started", channel, map[string]any{"computationId": body["id"]})
}

func (s *caller) stream(channel, path string, fields map[string]any) error {
	ctx, cancel := context.WithCancel(s.ctx)
	resp, err := s.ask(ctx, http.MethodPost, path, fields)
	if err != nil || resp.StatusCode != http.StatusOK {
		cancel()
		if err == nil {
			err = s.refused(channel, resp)
		}
		return err
	}
	s.guard.Lock()
	s.streams[channel] = cancel
	s.guard.Unlock()
	s.done.Go(func() {
		defer cancel()
		defer resp.Body.Close()
		err := s.read(channel, resp.Body)
		if ctx.Err() == nil && !errors.Is(err, errTerminal) {
			s.add(frame{channel: channel, mark: "shown", text: fmt.Sprintf("lost %v", err)})
		}
	})
	return nil
}

// errTerminal is the good end of a response: right after a terminal message.
var errTerminal = errors.New("terminal message")

// read adds the events of a response. It reads by itself, so that it does not share faults
// with the code under test: one field a line, in LF form, as the server writes them.
func (s *caller) read(channel string, r io.Reader) error {
	in := bufio.NewReader(r)
	end := error(io.ErrUnexpectedEOF)
	event := make(map[string]string)
	for {
		line, err := in.ReadString('\n')
		if err == io.EOF && line == "" && len(event) == 0 {
			return end
		}
		if err != nil {
			return err
		}
		line = strings.TrimSuffix(line, "\n")
		name, value, _ := strings.Cut(line, ": ")
		switch {
		case line == "" && len(event) > 0:
			if end == errTerminal {
				s.add(frame{channel: channel, mark: "shown", text: fmt.Sprint("after the end: ", event)})
			}
			f, terminal := eventFrame(channel, event)
			s.add(f)
			if terminal {
				end = errTerminal
			}
			event = make(map[string]string)
		case line == "", name == "": // the end of a comment, a comment
		case event[name] != "":
			return fmt.Errorf("field %s comes twice in an event", name)
		default:
			event[name] = value
		}
	}
}

func eventFrame(channel string, event map[string]string) (f frame, terminal bool) {
	kind := event["event"]
	var body map[string]any
	d := json.NewDecoder(strings.NewReader(event["data"]))
	d.UseNumber()
	if err := d.Decode(&body); err != nil || body["type"] != nil || body["channel"] != nil {
		return frame{channel: channel, mark: "shown", text: fmt.Sprintf("broken event %v: %v", event, err)}, false
	}
	if kind == "data" {
		return frame{channel: channel, mark: "shown", text: describeEvent(channel, event["id"], body)}, false
	}
	if event["id"] != "" {
		return frame{channel: channel, mark: "shown", text: fmt.Sprintf("id %s on %s", event["id"], kind)}, false
	}
	if kind == "error" {
		if list, _ := body["errors"].([]any); len(list) == 0 {
			return frame{channel: channel, mark: "shown", text: "error without errors"}, true
		}
		delete(body, "errors") // not over WebSocket
	}
	terminal = kind == "error" || body["event"] == "END_OF_CHANNEL" || body["event"] == "CHANNEL_ABORT"
	body["type"], body["channel"] = kind, channel
	text, _ := json.Marshal(body) // was JSON
	return frame{channel: channel, text: string(text)}, terminal
}

// describeEvent shows a data event as conversation files write a data frame.
func describeEvent(channel, id string, body map[string]any) string {
	ms := fmt.Sprint(body["logicalTimestampMs"])
	if id != "data-"+ms {
		return fmt.Sprintf("id %q on data of %s", id, ms)
	}
	text := "data " + channel + " " + ms
	points, ok := body["data"].([]any)
	if !ok {
		return text + " without a list"
	}
	for _, p := range points {
		point, _ := p.(map[string]any)
		text += fmt.Sprintf(" %v=%v", point["tsId"], point["value"])
	}
	return plainNumbers(text)
}

// plainNumbers writes the values of a data line as JSON has them, which does not tell longs
// from doubles.
func plainNumbers(text string) string {
	fields := strings.Fields(text)
	for i, f := range fields {
		name, value, _ := strings.Cut(f, "=")
		if n, err := strconv.ParseFloat(value, 64); err == nil && strings.ContainsAny(value, ".e") {
			fields[i] = name + "=" + strconv.FormatFloat(n, 'f', -1, 64)
		}
	}
	return strings.Join(fields, " ")
}

// asOverHTTP changes what a file expects to what HTTP can tell: there are no frames.
func asOverHTTP(f frame) frame {
	if strings.HasPrefix(f.text, "data ") {
		f.text = plainNumbers(strings.Replace(f.text, "data gzip ", "data ", 1))
	} else if f.mark != "shown" {
		f.mark = ""
	}
	return f
}

// ofConnection tells whether a frame belongs to a WebSocket connection itself.
func ofConnection(f frame) bool {
	return f.channel == "" && (strings.Contains(f.text, `"authenticated"`) || strings.Contains(f.text, `"KEEP_ALIVE"`))
}

func (s *caller) detach(channel string) {
	s.guard.Lock()
	defer s.guard.Unlock()
	if cancel := s.streams[channel]; cancel != nil {
		cancel()
	}
}

func (s *caller) act(verb string) error {
	if verb != "cut" {
		return fmt.Errorf("unknown act %q", verb)
	}
	s.guard.Lock()
	defer s.guard.Unlock()
	for _, cancel := range s.streams {
		cancel()
	}
	s.add(frame{mark: "shown", text: "lost"})
	return nil
}

func (s *caller) close() {
	s.cancel()
	s.done.Wait()
	s.http.CloseIdleConnections()
}
