// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"

	"github.com/peernode/operator/pkg/defaults"
	"github.com/peernode/operator/pkg/enforcement"
	"github.com/peernode/operator/pkg/resources"
	"github.com/peernode/operator/pkg/settings"
)

// byDefault is what an operator without flags does.
func byDefault(change ...func(*flags)) flags {
	f := flags{leaderElect: true, metricsAddress: ":8443", probeAddress: ":8081", sealingKeys: []int{1}, keyPropagation: 2 * time.Minute, podIPs: []string{}, logLevel: slog.LevelInfo}
	for _, c := range change {
		c(&f)
	}
	return f
}

func TestFlags(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		want flags
	}{
		"No flags.":                          {nil, byDefault()},
		"A single replica.":                  {[]string{"--leader-elect=false"}, byDefault(func(f *flags) { f.leaderElect = false })},
		"A lease of one's own.":              {[]string{"--leader-election-namespace", "ops"}, byDefault(func(f *flags) { f.leaseNamespace = "ops" })},
		"No metrics and no probes.":          {[]string{"--metrics-bind-address=0", "--health-probe-bind-address=0"}, byDefault(func(f *flags) { f.metricsAddress, f.probeAddress = "0", "0" })},
		"Metrics for development.":           {[]string{"--metrics-insecure"}, byDefault(func(f *flags) { f.metricsInsecure = true })},
		"Some namespaces.":                   {[]string{"--namespaces=a,b", "--namespaces", "c"}, byDefault(func(f *flags) { f.namespaces = []string{"a", "b", "c"} })},
		"A default image.":                   {[]string{"--default-p2p-agent-image=agent:v1"}, byDefault(func(f *flags) { f.p2pAgentImage = "agent:v1" })},
		"An image of peer-companion.":        {[]string{"--companion-image=companion:v1"}, byDefault(func(f *flags) { f.companionImage = "companion:v1" })},
		"An unsealer elsewhere.":             {[]string{"--unsealer-namespace=keys"}, byDefault(func(f *flags) { f.unsealerNamespace = "keys" })},
		"Kubelets that take their time.":     {[]string{"--key-propagation=5m"}, byDefault(func(f *flags) { f.keyPropagation = 5 * time.Minute })},
		"Another sealing key.":               {[]string{"--sealing-keys=1,2"}, byDefault(func(f *flags) { f.sealingKeys = []int{1, 2} })},
		"A runtime without user namespaces.": {[]string{"--host-users"}, byDefault(func(f *flags) { f.hostUsers = true })},
		"DNS servers of both families.": {
			[]string{"--dns-cidrs=169.254.20.10/32,fd00::10/128"}, byDefault(func(f *flags) { f.dnsCIDRs = []string{"169.254.20.10/32", "fd00::10/128"} }),
		},
		"A probe of policies.":           {[]string{"--policy-probe=peernode-policy-probe"}, byDefault(func(f *flags) { f.policyProbe = "peernode-policy-probe" })},
		"Addresses of both families.":    {[]string{"--pod-ips=10.0.0.7,fd00::7"}, byDefault(func(f *flags) { f.podIPs = []string{"10.0.0.7", "fd00::7"} })},
		"Many words.":                    {[]string{"--log-level=debug"}, byDefault(func(f *flags) { f.logLevel = slog.LevelDebug })},
		"Few words, in capital letters.": {[]string{"--log-level=ERROR"}, byDefault(func(f *flags) { f.logLevel = slog.LevelError })},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("POD_NAMESPACE", "")
			t.Setenv("POD_IPS", "")
			got, err := parseFlags(c.args)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got, cmp.AllowUnexported(flags{})); diff != "" {
				t.Errorf("flags (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTheUnsealerRunsBesideTheOperator(t *testing.T) {
	t.Setenv("POD_NAMESPACE", "peernode-system")
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"Unless told otherwise.": {nil, "peernode-system"},
		"Told otherwise.":        {[]string{"--unsealer-namespace=keys"}, "keys"},
	} {
		if got, err := parseFlags(c.args); err != nil || got.unsealerNamespace != c.want {
			t.Errorf("%s got namespace %q, error %v; want %q", name, got.unsealerNamespace, err, c.want)
		}
	}
}

func TestWrongFlagsAreRefusedByName(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"A flag that does not exist.":    {[]string{"--leader-elected"}, "unknown flag: --leader-elected"},
		"A word that is no flag.":        {[]string{"--host-users", "false"}, `unexpected argument "false"`},
		"A level of logs that is none.":  {[]string{"--log-level=loud"}, `invalid argument "loud" for "--log-level" flag`},
		"An address instead of a range.": {[]string{"--dns-cidrs=10.96.0.10"}, `--dns-cidrs: "10.96.0.10" is not a range of addresses such as 10.96.0.10/32`},
		"One bad range among good ones.": {[]string{"--dns-cidrs=10.96.0.10/32,dns"}, `--dns-cidrs: "dns" is not a range`},
		"A sealing key that is none.":    {[]string{"--sealing-keys=1,0"}, "--sealing-keys: 0 is there twice, or below 1"},
		"Keys that nobody learns of.":    {[]string{"--key-propagation=0"}, "--key-propagation: 0s is less than 1s"},
		"A sealing key twice.":           {[]string{"--sealing-keys=1,1"}, "--sealing-keys: 1 is there twice"},
		"An address that is none.":       {[]string{"--pod-ips=10.0.0.7/32"}, `--pod-ips: "10.0.0.7/32" is not an address such as 10.0.0.7`},
		"A namespace without a name.":    {[]string{"--namespaces=a,,b"}, "--namespaces: contains an empty name"},
		"A switch that is neither.":      {[]string{"--leader-elect=perhaps"}, `invalid argument "perhaps" for "--leader-elect" flag`},
	} {
		if _, err := parseFlags(c.args); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s got %v, want an error that says %q", name, err, c.says)
		}
	}
}

func TestHelpIsNoMistake(t *testing.T) {
	if _, err := parseFlags([]string{"--help"}); !errors.Is(err, pflag.ErrHelp) {
		t.Errorf("got %v, want pflag.ErrHelp", err)
	}
}

func TestFlagsReachThePlan(t *testing.T) {
	t.Setenv("POD_IPS", "10.0.0.7,fd00::7")
	f, err := parseFlags([]string{
		"--default-p2p-agent-image=agent:v1", "--companion-image=companion:v1", "--unsealer-namespace=keys",
		"--host-users", "--dns-cidrs=10.96.0.10/32", "--sealing-keys=2,3", "--key-propagation=90s",
		"--policy-probe=peernode-policy-probe", "--health-probe-bind-address=:9081",
	})
	if err != nil {
		t.Fatal(err)
	}
	want := settings.Operator{
		Defaults: defaults.Options{P2PAgentImage: "agent:v1"},
		Resources: resources.Options{
			HostUsers: true, DNSCIDRs: []string{"10.96.0.10/32"}, CompanionImage: "companion:v1", UnsealerNamespace: "keys",
		},
		SealingKeys: []int{2, 3}, Settle: settings.DefaultSettle, Propagation: 90 * time.Second,
		Probe: settings.Probe{
			Host: "peernode-policy-probe", OpenPort: 8080, ClosedPort: 8081, Self: []string{"10.0.0.7", "fd00::7"}, WayOut: 9081, Pace: enforcement.DefaultPace,
		},
	}
	if diff := cmp.Diff(want, f.options()); diff != "" {
		t.Errorf("options (-want +got):\n%s", diff)
	}
}

// Whoever may reach the port must not read metrics unless the API server lets them.
func TestMetricsAreSecureUnlessSaidOtherwise(t *testing.T) {
	secure := metricsOptions(byDefault())
	if !secure.SecureServing || secure.FilterProvider == nil || secure.BindAddress != ":8443" {
		t.Errorf("metrics are served as %+v", secure)
	}
	insecure := metricsOptions(byDefault(func(f *flags) { f.metricsInsecure = true }))
	if insecure.SecureServing || insecure.FilterProvider != nil {
		t.Errorf("metrics for development are served as %+v", insecure)
	}
}

// From any other address the probe would get no answer, whatever policies do.
func TestTheWayOutLeadsToWhereTheOperatorAnswersItsWholePod(t *testing.T) {
	for listen, want := range map[string]int{":8081": 8081, "0": 0, "127.0.0.1:8081": 0, ":http": 0} {
		if got := byDefault(func(f *flags) { f.probeAddress = listen }).options().Probe.WayOut; got != want {
			t.Errorf("--health-probe-bind-address=%s leads to port %d, want %d", listen, got, want)
		}
	}
}
