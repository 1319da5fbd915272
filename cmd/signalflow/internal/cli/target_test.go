package cli

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

const secret = "s3cr3t-t0ken"

func TestChooseTarget(t *testing.T) {
	const us1 = "wss://stream.us1.signalfx.com/v2/signalflow"
	tests := []struct {
		name     string
		flags    targetFlags
		env      map[string]string
		endpoint string // "": local
		token    string
		warns    string // part of the only warning; "": none
		err      string // part of the usage error
	}{
		{name: "nothing is local"},
		{name: "a complete environment is the cloud",
			env:      map[string]string{"SPLUNK_ACCESS_TOKEN": secret, "SPLUNK_REALM": "us1"},
			endpoint: us1, token: secret},
		{name: "an alias of each",
			env:      map[string]string{"SFX_AUTH_TOKEN": secret, "SFX_API_URL": "https://api.us1.signalfx.com"},
			endpoint: us1, token: secret},
		{name: "a stream URL",
			env:      map[string]string{"SIGNALFX_ACCESS_TOKEN": secret, "SIGNALFX_STREAM_URL": us1},
			endpoint: us1, token: secret},
		{name: "local wins over the environment",
			flags: targetFlags{local: true},
			env:   map[string]string{"SPLUNK_ACCESS_TOKEN": secret, "SPLUNK_REALM": "us1"}},
		{name: "flags win over the environment",
			flags:    targetFlags{realm: "us1", token: secret},
			env:      map[string]string{"SPLUNK_ACCESS_TOKEN": "other", "SPLUNK_REALM": "eu0"},
			endpoint: us1, token: secret},
		{name: "a realm flag with a token from the environment",
			flags:    targetFlags{realm: "us1"},
			env:      map[string]string{"SPLUNK_ACCESS_TOKEN": secret, "SPLUNK_REALM": "eu0", "SPLUNK_API_URL": "https://api.eu0.signalfx.com"},
			endpoint: us1, token: secret},
		{name: "a token flag with a realm from the environment",
			flags:    targetFlags{token: secret},
			env:      map[string]string{"SPLUNK_REALM": "us1", "SPLUNK_ACCESS_TOKEN": "other"},
			endpoint: us1, token: secret},
		{name: "different tokens: SPLUNK wins, with a warning",
			env:      map[string]string{"SPLUNK_ACCESS_TOKEN": secret, "SFX_AUTH_TOKEN": "other", "SPLUNK_REALM": "us1"},
			endpoint: us1, token: secret, warns: "SPLUNK_ACCESS_TOKEN and SFX_AUTH_TOKEN hold different tokens; using SPLUNK_ACCESS_TOKEN"},
		{name: "the same token twice is no conflict",
			env:      map[string]string{"SPLUNK_ACCESS_TOKEN": secret, "SFX_TOKEN": secret, "SPLUNK_REALM": "us1"},
			endpoint: us1, token: secret},
		{name: "different realms",
			env:      map[string]string{"SPLUNK_ACCESS_TOKEN": secret, "SPLUNK_REALM": "us1", "SFX_REALM": "eu0"},
			endpoint: us1, token: secret, warns: "SPLUNK_REALM and SFX_REALM hold different realms; using SPLUNK_REALM"},
		{name: "a URL wins over another realm",
			env:      map[string]string{"SPLUNK_ACCESS_TOKEN": secret, "SPLUNK_REALM": "eu0", "SPLUNK_API_URL": "https://api.us1.signalfx.com"},
			endpoint: us1, token: secret, warns: "SPLUNK_API_URL and SPLUNK_REALM point at different places; using SPLUNK_API_URL"},
		{name: "API and ingest URL of one realm agree",
			env:      map[string]string{"SPLUNK_ACCESS_TOKEN": secret, "SPLUNK_REALM": "us1", "SPLUNK_API_URL": "https://api.us1.signalfx.com", "SPLUNK_INGEST_URL": "https://ingest.us1.signalfx.com"},
			endpoint: us1, token: secret},
		{name: "only a token: local, and it is said",
			env:   map[string]string{"SPLUNK_ACCESS_TOKEN": secret},
			warns: "no realm or URL"},
		{name: "only a realm: local, and it is said",
			env:   map[string]string{"SFX_REALM": "us1"},
			warns: "SFX_REALM is set but no token"},
		{name: "spaces are not a value",
			env: map[string]string{"SPLUNK_ACCESS_TOKEN": "  ", "SPLUNK_REALM": ""}},

		{name: "a realm alone", flags: targetFlags{realm: "us1"}, err: "--realm is given but no token; add --token or set SPLUNK_ACCESS_TOKEN"},
		{name: "a URL alone", flags: targetFlags{url: "https://api.us1.signalfx.com"}, err: "--url is given but no token"},
		{name: "a token alone", flags: targetFlags{token: secret}, err: "add --realm (such as us1) or --url"},
		{name: "an ingest token does not do", flags: targetFlags{realm: "us1"}, env: map[string]string{"SPLUNK_INGEST_TOKEN": secret}, err: "needs one with API scope"},
		{name: "local with a realm", flags: targetFlags{local: true, realm: "us1"}, err: "--local cannot be combined"},
		{name: "realm and URL", flags: targetFlags{realm: "us1", url: "https://x", token: secret}, err: "give one of them"},
		{name: "a bad realm", flags: targetFlags{realm: "us1/../evil.example", token: secret}, err: "--realm: \"us1/../evil.example\" is no realm"},
		{name: "a bad realm in the environment", env: map[string]string{"SPLUNK_REALM": "US 1"}, err: "SPLUNK_REALM: \"US 1\" is no realm"},
		{name: "a bad URL in the environment", env: map[string]string{"SFX_API_URL": "ftp://x"}, err: "SFX_API_URL: scheme"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := chooseTarget(tt.flags, func(name string) string { return tt.env[name] })
			if tt.err != "" {
				var usage usageError
				if !errors.As(err, &usage) || !strings.Contains(err.Error(), tt.err) {
					t.Fatalf("error %v, want a usage error with %q", err, tt.err)
				}
				if strings.Contains(err.Error(), secret) {
					t.Errorf("the error shows the token: %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			endpoint := ""
			if got.endpoint != nil {
				endpoint = got.endpoint.String()
			}
			if got.local != (tt.endpoint == "") || endpoint != tt.endpoint || got.token != tt.token {
				t.Errorf("got local %v, %s, token %q; want %q, %q", got.local, endpoint, got.token, tt.endpoint, tt.token)
			}
			warnings := strings.Join(got.warnings, "\n")
			if (tt.warns == "") != (warnings == "") || !strings.Contains(warnings, tt.warns) || len(got.warnings) > 1 {
				t.Errorf("warnings %q, want %q", warnings, tt.warns)
			}
			if text := fmt.Sprint(got) + warnings; strings.Contains(text, secret) {
				t.Errorf("the token is shown: %s", text)
			}
		})
	}
}

// Every name that is accepted for a token works.
func TestEveryTokenName(t *testing.T) {
	for _, name := range tokenNames {
		got, err := chooseTarget(targetFlags{realm: "us1"}, func(n string) string {
			if n == name {
				return secret
			}
			return ""
		})
		if err != nil || got.token != secret {
			t.Errorf("%s: token %q, %v", name, got.token, err)
		}
	}
}

func TestURLPlace(t *testing.T) {
	tests := []struct{ in, want string }{
		{"https://api.us1.signalfx.com", "wss://stream.us1.signalfx.com/v2/signalflow"},
		{"https://api.us1.signalfx.com/v2", "wss://stream.us1.signalfx.com/v2/signalflow"},
		{"https://ingest.eu0.observability.splunkcloud.com/v2/datapoint", "wss://stream.eu0.observability.splunkcloud.com/v2/signalflow"},
		{"https://app.us1.signalfx.com/#/home", "wss://stream.us1.signalfx.com/v2/signalflow"},
		{"stream.us1.signalfx.com", "wss://stream.us1.signalfx.com/v2/signalflow"},
		{"wss://stream.us1.signalfx.com/v2/signalflow/connect", "wss://stream.us1.signalfx.com/v2/signalflow"},
		{"ws://127.0.0.1:8080", "ws://127.0.0.1:8080/v2/signalflow"},
		{"http://127.0.0.1:8080/proxy/sf/", "ws://127.0.0.1:8080/proxy/sf"},
	}
	for _, tt := range tests {
		got, err := urlPlace(tt.in)
		if err != nil || got.endpoint.String() != tt.want {
			t.Errorf("%s: %v, %v; want %s", tt.in, got.endpoint, err, tt.want)
		}
	}
	for _, bad := range []string{"", "https://", "gopher://x", "https://user:" + secret + "@api.us1.signalfx.com", "https://%zz"} {
		if got, err := urlPlace(bad); err == nil {
			t.Errorf("%q is accepted as %v", bad, got.endpoint)
		} else if strings.Contains(err.Error(), secret) {
			t.Errorf("the error shows what the URL held: %v", err)
		}
	}
}
