package cli

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/spf13/pflag"

	"github.com/signalfx/signalflow-client-go/signalflow"
)

// Environment variables in use among the tools of this service, the ones to prefer first.
var (
	tokenNames = []string{
		"SPLUNK_ACCESS_TOKEN", "SPLUNK_API_TOKEN", "SPLUNK_TOKEN",
		"SFX_ACCESS_TOKEN", "SFX_AUTH_TOKEN", "SFX_API_TOKEN", "SFX_USER_TOKEN", "SFX_TOKEN",
		"SIGNALFX_ACCESS_TOKEN",
	}
	urlNames   = []string{"SIGNALFX_STREAM_URL", "SPLUNK_API_URL", "SFX_API_URL", "SPLUNK_INGEST_URL"}
	realmNames = []string{"SPLUNK_REALM", "SFX_REALM"}
)

// ingestTokenName holds a token that SignalFlow refuses.
const ingestTokenName = "SPLUNK_INGEST_TOKEN"

// targetFlags are the flags that say where a program runs.
type targetFlags struct {
	realm, url, token string
	local             bool
}

func (f *targetFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.realm, "realm", "", "run in the cloud, in `REALM` such as us1")
	flags.StringVar(&f.url, "url", "", "run in the cloud, at `URL`")
	flags.StringVar(&f.token, "token", "", "access `TOKEN` with API scope; other users can see it in the process list, so prefer SPLUNK_ACCESS_TOKEN")
	flags.BoolVar(&f.local, "local", false, "run here, whatever the environment says")
}

// A target is where a program runs: in the cloud, or in this process.
type target struct {
	local    bool
	source   string   // of the data, when it is not this machine
	endpoint *url.URL // of the stream, without a token
	token    string
	name     string   // for messages: realm us1, or the host
	warnings []string // about the settings; they never hold a token
}

// String never shows the token.
func (t target) String() string {
	switch {
	case t.source != "":
		return t.source
	case t.local:
		return "this machine's metrics"
	}
	return t.name
}

// options returns the client options that reach a target in the cloud.
func (t target) options() []signalflow.ClientParam {
	return []signalflow.ClientParam{signalflow.StreamURL(t.endpoint.String()), signalflow.AccessToken(t.token)}
}

// chooseTarget decides where a program runs. Any of the flags --realm, --url and --token
// selects the cloud, and so does an environment with a token and a realm or URL; --local
// overrides the environment. Flags win over the environment, a URL over a realm.
func chooseTarget(f targetFlags, getenv func(string) string) (target, error) {
	asked := f.realm != "" || f.url != "" || f.token != ""
	if f.local {
		if asked {
			return target{}, usageError{"--local cannot be combined with --realm, --url or --token"}
		}
		return target{local: true}, nil
	}
	if f.realm != "" && f.url != "" {
		return target{}, usageError{"--realm and --url both name the place; give one of them"}
	}
	e := environment{getenv: getenv}
	t := target{token: f.token}
	if t.token == "" {
		t.token, _ = e.first("token", tokenNames)
	}
	place, from, err := e.place(f)
	if err != nil {
		return target{}, err
	}
	t.endpoint, t.name, t.warnings = place.endpoint, place.name, e.warnings
	switch {
	case t.token != "" && t.endpoint != nil:
		return t, nil
	case asked && t.token == "":
		return target{}, usageError{missingToken(from, getenv)}
	case asked:
		return target{}, usageError{"--token is given but not where to use it; add --realm (such as us1) or --url, or set " + realmNames[0]}
	}
	local := target{local: true}
	if t.token != "" || t.endpoint != nil {
		local.warnings = []string{halfConfigured(t, from)}
	}
	return local, nil
}

func missingToken(from string, getenv func(string) string) string {
	msg := fmt.Sprintf("%s is given but no token; add --token or set %s", from, tokenNames[0])
	if getenv(ingestTokenName) != "" {
		msg += " (" + ingestTokenName + " is an ingest token; SignalFlow needs one with API scope)"
	}
	return msg
}

func halfConfigured(t target, from string) string {
	if t.token != "" {
		return "the environment has a token but no realm or URL; set " + realmNames[0] + " to run in the cloud, or pass --local to silence this"
	}
	return from + " is set but no token; set " + tokenNames[0] + " to run in the cloud, or pass --local to silence this"
}

// environment reads variables and collects what is odd about them.
type environment struct {
	getenv   func(string) string
	warnings []string
}

// first returns the first of names that is set. Another one with another value is a
// conflict, which is warned about; values are not shown.
func (e *environment) first(what string, names []string) (value, from string) {
	for _, name := range names {
		v := strings.TrimSpace(e.getenv(name))
		switch {
		case v == "":
		case value == "":
			value, from = v, name
		case v != value:
			e.warnings = append(e.warnings, fmt.Sprintf("%s and %s hold different %ss; using %s", from, name, what, from))
		}
	}
	return value, from
}

// a place is an endpoint and its name for messages. The zero place is none.
type place struct {
	endpoint *url.URL
	name     string
}

// place returns where the flags or, without them, the environment point, and which
// setting said so.
func (e *environment) place(f targetFlags) (p place, from string, err error) {
	switch {
	case f.realm != "":
		p, err = realmPlace(f.realm)
		return p, "--realm", inSetting("--realm", err)
	case f.url != "":
		p, err = urlPlace(f.url)
		return p, "--url", inSetting("--url", err)
	}
	realm, realmFrom := e.first("realm", realmNames)
	for _, name := range urlNames {
		text := strings.TrimSpace(e.getenv(name))
		if text == "" {
			continue
		}
		other, err := urlPlace(text)
		if err != nil {
			return place{}, name, inSetting(name, err)
		}
		switch {
		case p.endpoint == nil:
			p, from = other, name
		case other.endpoint.Host != p.endpoint.Host:
			e.warnings = append(e.warnings, fmt.Sprintf("%s and %s point at different hosts; using %s", from, name, from))
		}
	}
	if p.endpoint != nil {
		if realm != "" && !strings.Contains(p.endpoint.Host, "."+realm+".") {
			e.warnings = append(e.warnings, fmt.Sprintf("%s and %s point at different places; using %s", from, realmFrom, from))
		}
		return p, from, nil
	}
	if realm == "" {
		return place{}, "", nil
	}
	p, err = realmPlace(realm)
	return p, realmFrom, inSetting(realmFrom, err)
}

func inSetting(name string, err error) error {
	if err == nil {
		return nil
	}
	return usageError{name + ": " + err.Error()}
}

func realmPlace(realm string) (place, error) {
	// The client knows what a realm is; asking it here turns a mistake into a usage error.
	if !validRealm(realm) {
		return place{}, fmt.Errorf("%q is no realm; one looks like us1 or eu0", realm)
	}
	return place{
		endpoint: &url.URL{Scheme: "wss", Host: "stream." + realm + ".signalfx.com", Path: streamPath},
		name:     "realm " + realm,
	}, nil
}

const streamPath = "/v2/signalflow"

// validRealm: a realm becomes part of a host name (protocol.md 1.1).
func validRealm(realm string) bool {
	if realm == "" || len(realm) > 63 || strings.HasPrefix(realm, "-") || strings.HasSuffix(realm, "-") {
		return false
	}
	return strings.Trim(realm, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// urlPlace turns any of the service's addresses into that of its stream: the host
// api.us1.signalfx.com or ingest.us1.signalfx.com into stream.us1.signalfx.com, http and
// https into ws and wss, an address without a path into the usual path.
func urlPlace(text string) (place, error) {
	if !strings.Contains(text, "://") {
		text = "https://" + text
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return place{}, fmt.Errorf("not a URL; one looks like https://stream.us1.signalfx.com")
	}
	scheme, ok := map[string]string{"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}[u.Scheme]
	if !ok {
		return place{}, fmt.Errorf("scheme %q is not one of https, wss, http and ws", u.Scheme)
	}
	if u.User != nil {
		return place{}, fmt.Errorf("a URL must not hold credentials; use --token or %s", tokenNames[0])
	}
	host, path := u.Host, strings.TrimSuffix(strings.TrimRight(u.Path, "/"), "/connect")
	service, rest, _ := strings.Cut(host, ".")
	if service == "api" || service == "ingest" || service == "app" {
		host, path = "stream."+rest, ""
	}
	if path == "" || path == "/v2" {
		path = streamPath
	}
	return place{endpoint: &url.URL{Scheme: scheme, Host: host, Path: path}, name: host}, nil
}
