package signalflow

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// ClientParam is an option of [NewClient].
type ClientParam func(*Client) error

// OnErrorFunc receives an error that no call can return, see [OnError].
type OnErrorFunc func(err error)

// OverflowPolicy says what happens when the queue of a computation is full and the
// channel that the next message belongs to has a reader, see [OnOverflow].
type OverflowPolicy int

const (
	// FailComputation ends the computation with an [OverflowError]: a reader never takes
	// partial data for complete data. The default.
	FailComputation OverflowPolicy = iota + 1
	// DropOldest drops the oldest queued messages and counts them, see [Computation.Stats].
	DropOldest
	// Block stops reading from the server until there is room, and drops nothing before the
	// first channel is asked for. The computation gets a connection of its own, so that no
	// other waits with it.
	Block
)

// Defaults of the options of [NewClient].
const (
	DefaultReadTimeout    = time.Minute
	DefaultWriteTimeout   = 5 * time.Second
	DefaultConnectTimeout = 10 * time.Second
	DefaultQueueSize      = 64 << 20 // bytes
	DefaultReadLimit      = 32 << 20 // bytes
	DefaultMaxChannels    = 300
)

const (
	signalfxDomain = "signalfx.com"
	splunkDomain   = "observability.splunkcloud.com"
	streamPath     = "/v2/signalflow"
	defaultRealm   = "us0"
)

// config is what the options set. The token is behind functions, so that no dump of a
// client can show it.
type config struct {
	url            *url.URL // of the base path, without /connect
	token          func() string
	setToken       func(string)
	redact         func(string) string // takes tokens out of a text that came from elsewhere
	userAgent      string
	onError        OnErrorFunc
	logger         *slog.Logger
	readTimeout    time.Duration
	writeTimeout   time.Duration
	connectTimeout time.Duration
	queueSize      int
	overflow       OverflowPolicy
	readLimit      int64
	maxChannels    int
	compress       bool
	sse            bool // HTTP in place of WebSocket
	dial           func(ctx context.Context, network, addr string) (net.Conn, error)
	tls            *tls.Config
	proxy          func(*http.Request) (*url.URL, error)
	header         http.Header
}

func defaultConfig() config {
	var token secret
	return config{
		url:            realmURL(defaultRealm, signalfxDomain),
		token:          token.get,
		setToken:       token.set,
		redact:         token.redact,
		logger:         slog.New(slog.DiscardHandler),
		readTimeout:    DefaultReadTimeout,
		writeTimeout:   DefaultWriteTimeout,
		connectTimeout: DefaultConnectTimeout,
		queueSize:      DefaultQueueSize,
		overflow:       FailComputation,
		readLimit:      DefaultReadLimit,
		maxChannels:    DefaultMaxChannels,
		proxy:          http.ProxyFromEnvironment,
	}
}

// AccessToken sets the organization access token, or user session token, that the client
// authenticates with. It needs API scope; an ingest token is refused by the service.
func AccessToken(token string) ClientParam {
	return func(c *Client) error {
		c.conf.setToken(token)
		return nil
	}
}

// OnError sets a function that receives every error of dialling, authenticating, decoding
// and of connections. Calls come one at a time, in order, from a goroutine of their own:
// the function may block, and may call any method of the client. Up to 256 errors wait for
// it; beyond that the oldest are dropped, and the next call says how many. It is not called
// any more once [Client.Close] has returned.
func OnError(f OnErrorFunc) ClientParam {
	return func(c *Client) error {
		c.conf.onError = f
		return nil
	}
}

// ReadTimeout sets how long a connection may stay silent, 1 minute by default. After half
// of it the client pings; only a ping that stays unanswered for the other half drops the
// connection, so a slow stream needs no longer timeout. It must be positive.
//
// Over HTTP nobody can ping: a response on which keep-alives have come is given up after the
// timeout in silence, so it has to be longer than their period, 15 seconds on our own server;
// so is one that does not even begin. One that never had keep-alives relies on those of TCP,
// which a [Dialer] of your own has to set, or on the pings of HTTP/2.
func ReadTimeout(timeout time.Duration) ClientParam {
	return func(c *Client) error {
		return positive("ReadTimeout", timeout, &c.conf.readTimeout)
	}
}

// WriteTimeout sets how long one request may take to be written, 5 seconds by default. It
// must be positive.
func WriteTimeout(timeout time.Duration) ClientParam {
	return func(c *Client) error {
		return positive("WriteTimeout", timeout, &c.conf.writeTimeout)
	}
}

// ConnectTimeout sets how long one attempt to dial and authenticate may take, and how long
// a call waits for a connection, 10 seconds by default. It must be positive.
func ConnectTimeout(timeout time.Duration) ClientParam {
	return func(c *Client) error {
		return positive("ConnectTimeout", timeout, &c.conf.connectTimeout)
	}
}

func positive(name string, d time.Duration, dst *time.Duration) error {
	if d <= 0 {
		return fmt.Errorf("signalflow: %s must be positive, not %v", name, d)
	}
	*dst = d
	return nil
}

// StreamURL sets the full URL of the stream endpoint, path included, for example
// wss://stream.us1.signalfx.com/v2/signalflow. A trailing /connect is taken off: the client
// adds it. An http or https URL chooses HTTP with server-sent events, as [SSE] does. A query,
// such as a gateway may want, is sent with each request and not shown in errors.
func StreamURL(streamEndpoint string) ClientParam {
	return func(c *Client) error {
		u, err := url.Parse(streamEndpoint)
		if err != nil {
			return fmt.Errorf("signalflow: stream URL: %w", errors.Unwrap(err)) // without the URL, which may hold a password
		}
		if !slices.Contains([]string{"ws", "wss", "http", "https"}, u.Scheme) {
			return fmt.Errorf("signalflow: stream URL %q: scheme must be ws, wss, http or https", shown(u))
		}
		if u.Host == "" {
			return fmt.Errorf("signalflow: stream URL %q has no host", shown(u))
		}
		if u.User != nil {
			return fmt.Errorf("signalflow: stream URL %q holds credentials; pass the token with AccessToken", shown(u))
		}
		u.Path = strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(u.Path, "/"), "/connect"), "/")
		c.conf.url = u
		return nil
	}
}

// SSE chooses HTTP with server-sent events in place of WebSocket, whatever the scheme of the
// stream URL: for networks whose proxies speak only HTTP. Each computation is one POST whose
// answer stays open. The API is the same; [Compress] asks for HTTP compression then, and
// values that JSON has no number for (NaN, infinities) do not arrive. A proxy that holds an
// answer back until it is complete lets queries through, and no stream: that is a
// [ConnectError] without an answer in time.
func SSE() ClientParam {
	return func(c *Client) error {
		c.conf.sse = true
		return nil
	}
}

// usesSSE reports whether HTTP was chosen, by the option or by the scheme.
func (c *config) usesSSE() bool {
	return c.sse || c.url.Scheme == "http" || c.url.Scheme == "https"
}

// shown renders a URL for texts: without what may be a secret, such as a key in its query.
func shown(u *url.URL) string {
	v := *u
	v.User, v.RawQuery, v.Fragment, v.RawFragment = nil, "", "", ""
	return v.String()
}

// httpURL returns the stream URL with the scheme of HTTP.
func (c *config) httpURL() *url.URL {
	u := *c.url
	switch u.Scheme {
	case "ws":
		u.Scheme = "http"
	case "wss":
		u.Scheme = "https"
	}
	return &u
}

// StreamURLForRealm points the client at a realm, such as us1, of the signalfx.com domain:
// wss://stream.REALM.signalfx.com/v2/signalflow. The default is realm us0.
func StreamURLForRealm(realm string) ClientParam {
	return streamURLForRealm(realm, signalfxDomain)
}

// StreamURLForSplunkRealm points the client at a realm of the newer domain:
// wss://stream.REALM.observability.splunkcloud.com/v2/signalflow.
func StreamURLForSplunkRealm(realm string) ClientParam {
	return streamURLForRealm(realm, splunkDomain)
}

func streamURLForRealm(realm, domain string) ClientParam {
	return func(c *Client) error {
		if err := validateRealm(realm); err != nil {
			return err
		}
		c.conf.url = realmURL(realm, domain)
		return nil
	}
}

func realmURL(realm, domain string) *url.URL {
	return &url.URL{Scheme: "wss", Host: "stream." + realm + "." + domain, Path: streamPath}
}

// validateRealm checks a text that becomes part of a host name (protocol.md 1.1).
func validateRealm(realm string) error {
	ok := len(realm) >= 1 && len(realm) <= 63 && realm[0] != '-' && realm[len(realm)-1] != '-'
	for i := range len(realm) {
		c := realm[i]
		ok = ok && (c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-')
	}
	if !ok {
		return fmt.Errorf("signalflow: %q is no realm: 1 to 63 lower-case letters, digits and inner hyphens, such as us1", realm)
	}
	return nil
}

// UserAgent names the program in the authentication request, for the service's accounting.
func UserAgent(userAgent string) ClientParam {
	return func(c *Client) error {
		c.conf.userAgent = userAgent
		return nil
	}
}

// Logger sets where the client logs connections made and lost, at levels Debug to Warn.
// Without it nothing is logged. The token is never logged.
func Logger(l *slog.Logger) ClientParam {
	return func(c *Client) error {
		if l == nil {
			return errors.New("signalflow: Logger is nil")
		}
		c.conf.logger = l
		return nil
	}
}

// QueueSize bounds, in bytes, what one computation may hold for its readers, 64 MiB by
// default. What happens at the bound is set by [OnOverflow]. A single message is always
// taken, however large.
func QueueSize(bytes int) ClientParam {
	return func(c *Client) error {
		if bytes <= 0 {
			return fmt.Errorf("signalflow: QueueSize must be positive, not %d", bytes)
		}
		c.conf.queueSize = bytes
		return nil
	}
}

// OnOverflow sets what happens when a computation's queue is full, [FailComputation] by
// default. Channels that nobody has asked for never overflow: they keep the newest
// messages and count what they drop.
func OnOverflow(policy OverflowPolicy) ClientParam {
	return func(c *Client) error {
		if policy < FailComputation || policy > Block {
			return fmt.Errorf("signalflow: %d is no OverflowPolicy", policy)
		}
		c.conf.overflow = policy
		return nil
	}
}

// ReadLimit bounds, in bytes, one message on the wire, 32 MiB by default. A longer one
// costs the connection.
func ReadLimit(bytes int64) ClientParam {
	return func(c *Client) error {
		if bytes <= 0 {
			return fmt.Errorf("signalflow: ReadLimit must be positive, not %d", bytes)
		}
		c.conf.readLimit = bytes
		return nil
	}
}

// MaxChannels sets how many computations share one connection, 300 by default, which is
// the service's own limit. Further ones get further connections.
func MaxChannels(n int) ClientParam {
	return func(c *Client) error {
		if n <= 0 {
			return fmt.Errorf("signalflow: MaxChannels must be positive, not %d", n)
		}
		c.conf.maxChannels = n
		return nil
	}
}

// Compress asks the server to compress what it sends. It is off by default: on a fast
// network inflating costs more than it saves.
func Compress(on bool) ClientParam {
	return func(c *Client) error {
		c.conf.compress = on
		return nil
	}
}

// Dialer sets the function that opens network connections, for example to go through a
// tunnel or, in tests, to a server in memory. It must honour its context.
func Dialer(dial func(ctx context.Context, network, addr string) (net.Conn, error)) ClientParam {
	return func(c *Client) error {
		c.conf.dial = dial
		return nil
	}
}

// TLSConfig sets the TLS configuration, for example a private certificate authority.
func TLSConfig(t *tls.Config) ClientParam {
	return func(c *Client) error {
		c.conf.tls = t.Clone()
		return nil
	}
}

// Proxy sets the function that chooses a proxy for the connection; nil uses none. The
// default is [http.ProxyFromEnvironment].
func Proxy(proxy func(*http.Request) (*url.URL, error)) ClientParam {
	return func(c *Client) error {
		c.conf.proxy = proxy
		return nil
	}
}

// Header adds HTTP headers to the request that opens the connection.
func Header(h http.Header) ClientParam {
	return func(c *Client) error {
		c.conf.header = h.Clone()
		return nil
	}
}
