// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/peernode/operator/pkg/defaults"
	"github.com/peernode/operator/pkg/enforcement"
	"github.com/peernode/operator/pkg/resources"
	"github.com/peernode/operator/pkg/settings"
)

// flags are what the command line decides.
type flags struct {
	leaderElect       bool
	metricsAddress    string
	probeAddress      string
	namespaces        []string
	p2pAgentImage     string
	companionImage    string
	unsealerNamespace string
	sealingKeys       []int
	keyPropagation    time.Duration
	hostUsers         bool
	dnsCIDRs          []string
	logLevel          slog.Level
	leaseNamespace    string
	metricsInsecure   bool
	policyProbe       string
	podIPs            []string
}

// minPropagation is less than any kubelet takes for a ConfigMap.
const minPropagation = time.Second

func parseFlags(args []string) (flags, error) {
	var f flags
	set := pflag.NewFlagSet("peernode-operator", pflag.ContinueOnError)
	set.BoolVar(&f.leaderElect, "leader-elect", true, "work only while holding the lease peernode-operator, so that replicas take turns")
	set.StringVar(&f.leaseNamespace, "leader-election-namespace", "", "namespace of the lease; the operator's own when it runs as a pod")
	set.StringVar(&f.metricsAddress, "metrics-bind-address", ":8443", "address of the metrics endpoint; 0 turns it off")
	set.BoolVar(&f.metricsInsecure, "metrics-insecure", false, "serve metrics over plain HTTP to anybody, for development")
	set.StringVar(&f.probeAddress, "health-probe-bind-address", ":8081", "address of /healthz and /readyz; 0 turns them off")
	set.StringSliceVar(&f.namespaces, "namespaces", nil, "namespaces to work in; all when empty")
	set.StringVar(&f.p2pAgentImage, "default-p2p-agent-image", "", "image of software.p2pAgent where a spec names none")
	set.StringVar(&f.companionImage, "companion-image", "", "image of peer-companion, which makes and unseals the keys of peers")
	set.StringVar(&f.unsealerNamespace, "unsealer-namespace", os.Getenv("POD_NAMESPACE"), "namespace in which the unsealer runs and publishes its ConfigMap; the operator's own when it runs as a pod")
	set.IntSliceVar(&f.sealingKeys, "sealing-keys", []int{1}, "numbers of the sealing keys that the unsealer has; the operator makes those that it has not had yet")
	set.DurationVar(&f.keyPropagation, "key-propagation", settings.DefaultPropagation, "how long others know the next key of a peer before it is used; longer than kubelets take to bring a changed ConfigMap into a pod")
	set.BoolVar(&f.hostUsers, "host-users", false, "run peers in the host's user namespace, for container runtimes without user namespaces")
	set.StringSliceVar(&f.dnsCIDRs, "dns-cidrs", nil, "addresses of DNS servers that are not pods of kube-system, which peers may ask as well")
	set.StringVar(&f.policyProbe, "policy-probe", "", "name of the Service of the probe that shows whether NetworkPolicies are enforced; nobody finds out when empty")
	set.StringSliceVar(&f.podIPs, "pod-ips", podIPs(), "addresses of the operator's own pod, to which the probe tries to get out; those in POD_IPS unless set")
	set.TextVar(&f.logLevel, "log-level", slog.LevelInfo, "debug, info, warn or error")
	if err := set.Parse(args); err != nil {
		return f, err
	}
	if set.NArg() > 0 {
		return f, fmt.Errorf("unexpected argument %q", set.Arg(0))
	}
	return f, f.validate()
}

func (f flags) validate() error {
	for _, cidr := range f.dnsCIDRs {
		if _, err := netip.ParsePrefix(cidr); err != nil {
			return fmt.Errorf("--dns-cidrs: %q is not a range of addresses such as 10.96.0.10/32", cidr)
		}
	}
	for _, ip := range f.podIPs {
		if _, err := netip.ParseAddr(ip); err != nil {
			return fmt.Errorf("--pod-ips: %q is not an address such as 10.0.0.7", ip)
		}
	}
	if f.keyPropagation < minPropagation {
		return fmt.Errorf("--key-propagation: %s is less than %s, and no kubelet is that fast", f.keyPropagation, minPropagation)
	}
	for i, number := range f.sealingKeys {
		if number < 1 || slices.Contains(f.sealingKeys[:i], number) {
			return fmt.Errorf("--sealing-keys: %d is there twice, or below 1", number)
		}
	}
	for _, namespace := range f.namespaces {
		if strings.TrimSpace(namespace) == "" {
			return errors.New("--namespaces: contains an empty name")
		}
	}
	return nil
}

func (f flags) options() settings.Operator {
	return settings.Operator{
		Defaults: defaults.Options{P2PAgentImage: f.p2pAgentImage},
		Resources: resources.Options{
			HostUsers:         f.hostUsers,
			DNSCIDRs:          f.dnsCIDRs,
			CompanionImage:    f.companionImage,
			UnsealerNamespace: f.unsealerNamespace,
		},
		Namespaces:  f.namespaces,
		SealingKeys: f.sealingKeys,
		Settle:      settings.DefaultSettle,
		Propagation: f.keyPropagation,
		Probe: settings.Probe{
			Host:       f.policyProbe,
			OpenPort:   enforcement.OpenPort,
			ClosedPort: enforcement.ClosedPort,
			Self:       f.podIPs,
			WayOut:     portOf(f.probeAddress),
			Pace:       enforcement.DefaultPace,
		},
	}
}

// podIPs are those that the downward API gives, with commas between them.
func podIPs() []string {
	return strings.FieldsFunc(os.Getenv("POD_IPS"), func(r rune) bool { return r == ',' })
}

// portOf is the port of an address at which a server listens on all of the pod's, 0 where it does not.
func portOf(listen string) int {
	host, port, err := net.SplitHostPort(listen)
	if err != nil || host != "" {
		return 0
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return 0
	}
	return int(number)
}
