package wire_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signalfx/signalflow-client-go/internal/memnet"
	"github.com/signalfx/signalflow-client-go/internal/wire"
	"github.com/signalfx/signalflow-client-go/signalflow"
	"github.com/signalfx/signalflow-client-go/signalflow/messages"
	"github.com/signalfx/signalfx-go/idtool"
)

// TestConversations plays the recorded conversations. The format of the files is described
// in testdata/conversations/README.md.
func TestConversations(t *testing.T) {
	for _, folder := range []string{"conversations", "captures", "both"} {
		playFolder(t, folder, "websocket", serveScripts)
	}
}

// TestConversationsOverHTTP plays the same, as far as they make sense there.
func TestConversationsOverHTTP(t *testing.T) {
	for _, folder := range []string{"conversations", "both"} {
		playFolder(t, folder, "http", serveScripts)
	}
}

// TestFakeConversations plays those of the folder both against a FakeBackend as well.
func TestFakeConversations(t *testing.T) {
	playFolder(t, "both", "websocket", serveFake)
	playFolder(t, "both", "http", serveFake)
}

func playFolder(t *testing.T, folder, transport string, serve func(*conversation) (http.Handler, func() error)) {
	files, err := filepath.Glob(filepath.Join("testdata", folder, "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no conversations in %s: %v", folder, err)
	}
	played := 0
	for _, file := range files {
		c, err := parseConversation(file, transport)
		if err != nil {
			t.Fatal(err)
		}
		if len(c.lines) == 0 {
			continue
		}
		played++
		name := folder + "/" + strings.TrimSuffix(filepath.Base(file), ".txt") + "/" + transport
		t.Run(name, func(t *testing.T) { c.play(t, serve) })
	}
	if played == 0 {
		t.Errorf("nothing in %s was played over %s", folder, transport)
	}
}

// serveFake is a FakeBackend with the programs of a conversation.
func serveFake(c *conversation) (http.Handler, func() error) {
	f := &signalflow.FakeBackend{AccessToken: "good"}
	for program, steps := range c.programs {
		for _, s := range steps {
			switch s.verb {
			case "refuse":
				f.AddProgramErrorMessage(program, messages.NewError(500, wire.TypeInternalError, s.rest, nil))
			case "series":
				var ids []idtool.ID
				for _, p := range parsePoints(s.rest) {
					ids = append(ids, p.TSID)
					f.SetTSIDValue(p.TSID, p)
					f.AddTSIDMetadata(p.TSID, decodeAs[messages.MetadataProperties](seriesMetadata))
				}
				f.AddProgramTSIDs(program, ids)
			default:
				panic("a fake cannot " + s.verb)
			}
		}
	}
	return f, func() error { f.Stop(); return nil }
}

// serveScripts is the server that all conversations are played against.
func serveScripts(c *conversation) (http.Handler, func() error) {
	server := wire.NewServer(&scriptBackend{programs: c.programs}, c.options)
	return server, server.Close
}

// conversation is one parsed file.
type conversation struct {
	transport string // "websocket" or "http"
	clock     time.Time
	options   wire.Options
	programs  map[string][]step
	lines     []talk
}

// talk is one thing that a side does.
type talk struct {
	at   string // file and line
	who  string // name of the connection, "" for the first
	verb string
	rest string
}

// play plays a file inside a bubble against what serve starts.
func (c *conversation) play(t *testing.T, serve func(*conversation) (http.Handler, func() error)) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(c.clock))
		handler, stop := serve(c)
		listener := memnet.Listen(t.Name())
		server := &http.Server{Handler: handler}
		served := make(chan error, 1)
		go func() { served <- server.Serve(listener) }()
		p := &player{t: t, overHTTP: c.transport == "http", listener: listener, peers: make(map[string]*peer), seen: make(map[string]string)}
		for _, l := range c.lines {
			if err := p.play(l); err != nil {
				t.Errorf("%s: %v", l.at, err)
				break
			}
		}
		p.finish()
		if err := stop(); err != nil {
			t.Error(err)
		}
		server.Close()
		<-served
	})
}

// parseConversation reads the lines of a file that are meant for a transport.
func parseConversation(file, transport string) (*conversation, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	c := &conversation{transport: transport, programs: make(map[string][]step), clock: time.Date(2025, 7, 1, 0, 0, 0, 0, time.UTC)}
	only := "any"
	program := ""
	for i, line := range strings.Split(string(text), "\n") {
		at := fmt.Sprintf("%s:%d", filepath.Base(file), i+1)
		verb, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		rest = strings.TrimSpace(rest)
		switch {
		case verb == "" || strings.HasPrefix(verb, "#"):
		case line[0] == ' ':
			c.programs[program] = append(c.programs[program], step{verb, rest})
		case verb == "program":
			program = rest
			c.programs[program] = []step{}
		case verb == "transport":
			only = rest
			if only != "any" && only != "websocket" && only != "http" {
				return nil, fmt.Errorf("%s: unknown transport %q", at, only)
			}
		case only != "any" && only != transport:
		case verb == "clock":
			if c.clock, err = time.Parse(time.RFC3339, rest); err != nil {
				return nil, fmt.Errorf("%s: %w", at, err)
			}
		case verb == "option":
			if err := c.setOption(rest); err != nil {
				return nil, fmt.Errorf("%s: %w", at, err)
			}
		default:
			who := strings.TrimRight(verb, "<>=")
			c.lines = append(c.lines, talk{at: at, who: who, verb: verb[len(who):], rest: rest})
		}
	}
	return c, nil
}

func (c *conversation) setOption(text string) error {
	name, value, _ := strings.Cut(text, " ")
	switch name {
	case "channels":
		c.options.MaxChannels = int(number(value))
	case "keep-alive":
		c.options.KeepAlive = duration(value)
	case "persistent":
		c.options.MaxPersistent = int(number(value))
	case "queue":
		c.options.MaxQueueBytes = int(number(value))
	case "slow-consumer-after":
		c.options.SlowConsumerAfter = duration(value)
	case "read-limit":
		c.options.ReadLimit = number(value)
	default:
		return fmt.Errorf("unknown option %q", name)
	}
	return nil
}

// player holds the state of one conversation.
type player struct {
	t        *testing.T
	overHTTP bool
	listener *memnet.Listener
	peers    map[string]*peer
	seen     map[string]string // values of <name> placeholders
}

func (p *player) play(l talk) error {
	if l.verb == "=" { // an act that no side sees
		return p.act(l)
	}
	c, err := p.peer(l.who)
	if err != nil {
		return err
	}
	if l.verb == ">" {
		return p.say(c, l.rest)
	}
	if l.verb == "<" {
		synctest.Wait()
		return p.expect(c, l.rest)
	}
	return fmt.Errorf("unknown line %q", l.verb)
}

func (p *player) act(l talk) error {
	verb, rest, _ := strings.Cut(l.rest, " ")
	switch verb {
	case "wait":
		time.Sleep(duration(rest))
		return nil
	case "connect":
		_, err := p.peer(l.who)
		return err
	}
	c, err := p.peer(l.who)
	if err != nil {
		return err
	}
	if err := c.side.act(verb); err != nil {
		return err
	}
	synctest.Wait()
	return nil
}

// peer returns a client by name, connected at its first use.
func (p *player) peer(name string) (*peer, error) {
	if c := p.peers[name]; c != nil {
		return c, nil
	}
	c := &peer{}
	if p.overHTTP {
		c.side = newCaller(c, p.listener)
	} else {
		s, err := openSocket(c, p.listener)
		if err != nil {
			return nil, err
		}
		c.side = s
	}
	p.peers[name] = c
	return c, nil
}

// say sends what the client says.
func (p *player) say(c *peer, rest string) error {
	defer synctest.Wait()
	return c.side.say(placeholder.ReplaceAllStringFunc(rest, func(name string) string {
		if v, known := p.seen[name]; known {
			return v
		}
		return name
	}))
}

// expect takes the next frame of the same channel and compares it. Nothing is waited for:
// what the server says to what came before has arrived.
func (p *player) expect(c *peer, want string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if want == "nothing" {
		if len(c.frames) > 0 {
			return fmt.Errorf("there is %s", c.frames[0])
		}
		return nil
	}
	if channel, isFlood := strings.CutPrefix(want, "flood "); isFlood {
		return c.takeFlood(channel)
	}
	f := parseExpected(want)
	if p.overHTTP {
		if ofConnection(f) {
			return nil
		}
		f = asOverHTTP(f)
	}
	for i, got := range c.frames {
		if got.channel != f.channel {
			continue
		}
		c.frames = append(c.frames[:i:i], c.frames[i+1:]...)
		if err := p.match(f, got); err != nil {
			return fmt.Errorf("%w\n got %s\nwant %s", err, got, want)
		}
		return nil
	}
	return fmt.Errorf("nothing came on channel %q; want %s\nwaiting: %v", f.channel, want, c.frames)
}

// finish fails the test for whatever the server said and nobody expected.
func (p *player) finish() {
	synctest.Wait()
	for name, c := range p.peers {
		c.mu.Lock()
		for _, f := range c.frames {
			p.t.Errorf("connection %q: not expected: %s", name, f)
		}
		c.mu.Unlock()
		c.side.close()
	}
	p.listener.Close()
}
