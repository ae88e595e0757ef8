// SPDX-License-Identifier: Apache-2.0

package policyprobe

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"time"

	"github.com/peernode/operator/pkg/enforcement"
)

const (
	// patience is how long one request may take: longer than the probe tries to get out.
	patience = 4 * time.Second
	// maxAddresses are more than a pod and its successor have.
	maxAddresses = 4
	// maxAnswer is far more than an answer has.
	maxAnswer = 4 << 10
)

// asking makes a new connection each time, because policies are asked about those alone, and goes by no proxy.
var asking = &http.Client{
	Timeout:       patience,
	Transport:     &http.Transport{DisableKeepAlives: true},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// addresses are those of the probe's pods that are ready.
func (p *Prober) addresses(ctx context.Context) ([]netip.Addr, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", p.Probe.Host)
	if err != nil {
		return nil, fmt.Errorf("look up the probe: %w", err)
	}
	for i := range found {
		found[i] = found[i].Unmap()
	}
	return found[:min(len(found), maxAddresses)], nil
}

// ask asks both ports at one address. The error is why the open one did not answer.
func (p *Prober) ask(ctx context.Context, address netip.Addr) (enforcement.Seen, error) {
	seen := enforcement.Seen{Self: p.self()}
	back := p.back(ctx, address)
	answer, err := question(ctx, address, p.Probe.OpenPort, back)
	if err == nil {
		seen.Open = true
		seen.Client, _ = netip.ParseAddr(answer.Client) // What is no address is none of the operator's.
		seen.WayOut = wayOut(back, answer)
	}
	_, closed := question(ctx, address, p.Probe.ClosedPort, "")
	seen.Closed = closed == nil
	return seen, err
}

func wayOut(back string, answer enforcement.Answer) enforcement.Finding {
	switch {
	case back == "":
		return enforcement.Unknown
	case answer.Connected:
		return enforcement.Yes
	}
	return enforcement.No
}

// question asks the probe at one port, and has it connect to somewhere, unless that is "".
func question(ctx context.Context, address netip.Addr, port int, connectTo string) (enforcement.Answer, error) {
	to := url.URL{Scheme: "http", Host: net.JoinHostPort(address.String(), strconv.Itoa(port)), Path: enforcement.Path}
	if connectTo != "" {
		to.RawQuery = url.Values{enforcement.ConnectTo: {connectTo}}.Encode()
	}
	var answer enforcement.Answer
	response, err := get(ctx, to.String())
	if err != nil {
		return answer, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return answer, fmt.Errorf("%s answers with %s", to.Host, response.Status)
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, maxAnswer)).Decode(&answer); err != nil {
		return answer, fmt.Errorf("%s answers with what is not the probe's: %w", to.Host, err)
	}
	return answer, nil
}

func get(ctx context.Context, to string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, to, http.NoBody)
	if err != nil {
		return nil, err
	}
	return asking.Do(request)
}

// back is where the probe is to try to get out to: the operator's own address of the same family. It is "" where the
// operator does not answer there itself, because then nothing follows from that the probe gets no answer.
func (p *Prober) back(ctx context.Context, probe netip.Addr) string {
	for _, own := range p.self() {
		if own.Is4() != probe.Is4() || p.Probe.WayOut == 0 {
			continue
		}
		back := net.JoinHostPort(own.String(), strconv.Itoa(p.Probe.WayOut))
		response, err := get(ctx, "http://"+back+enforcement.WayOutPath)
		if err != nil {
			return ""
		}
		_ = response.Body.Close()
		if response.StatusCode >= http.StatusInternalServerError {
			return ""
		}
		return back
	}
	return ""
}

// self are the addresses of the operator's pod.
func (p *Prober) self() []netip.Addr {
	var out []netip.Addr
	for _, text := range p.Probe.Self {
		if address, err := netip.ParseAddr(text); err == nil {
			out = append(out, address.Unmap())
		}
	}
	return out
}
