// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// owned is how many objects a PeerNode of software.p2pAgent has in its smallest form: seven, its key, the Job that made
// it, and its reservation.
const owned = 10

// figures are what was measured.
type figures struct {
	created, applied, ready time.Duration
	writes                  map[string]int
	dryRuns                 int
	events                  map[string][]string
	converged               usage
	caughtUp                time.Duration
	afterRestart            int
	atRest                  int
	rested                  usage
	restCPU                 time.Duration
	identity, image         map[string]int // writes that follow from a change of one sibling
}

// Bars are those of the design.
const (
	kotalPerObject = 97 * time.Second / 4000
	barRSS         = 100_000_000 / 1024 // KiB
)

// markdown is the report as a section of a document.
func (f figures) markdown(o options) string {
	var b strings.Builder
	total := 0
	for _, count := range f.writes {
		total += count
	}
	each := float64(total) / float64(o.peers)
	perObject := f.applied / time.Duration(owned*o.peers)
	fmt.Fprintf(&b, "## %s on simulated nodes\n\n", o.title())
	command := strings.Join(append([]string{o.command()}, o.env...), " -env ")
	fmt.Fprintf(&b, "`make bench` (`%s` in `test/`), %s, on %d processors, %s.\n\n",
		command, time.Now().UTC().Format(time.DateOnly), runtime.NumCPU(), runtime.Version())
	row := func(cells ...string) { fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | ")) }
	row("what", "measured", "bar")
	row("---", "---", "---")
	row("all PeerNodes accepted by the API server", seconds(f.created), "")
	row(fmt.Sprintf("all %d objects applied", owned*o.peers), seconds(f.applied), seconds(kotalPerObject/2*time.Duration(owned*o.peers)))
	row("time for each object", milliseconds(perObject), "half of kotal's "+milliseconds(kotalPerObject))
	row("all PeerNodes ready, and said so", seconds(f.ready), "")
	row("mutating requests for each PeerNode", fmt.Sprintf("%.2f", each), fmt.Sprintf("%d owned objects + 2", owned))
	row("dry runs for each PeerNode, which write nothing", fmt.Sprintf("%.2f", float64(f.dryRuns)/float64(o.peers)), "")
	row(fmt.Sprintf("mutating requests after a restart of the operator (caught up in %s)", seconds(f.caughtUp)), strconv.Itoa(f.afterRestart), "0")
	row("mutating requests at rest over "+o.rest.String(), strconv.Itoa(f.atRest), "0")
	row("RSS of the manager, once converged", megabytes(f.converged.rss), megabytes(barRSS))
	row("of it, pages of the program's file", megabytes(f.converged.ofFile), "")
	row("highest RSS, creating", megabytes(f.converged.peakRSS), megabytes(barRSS))
	row("highest RSS, after the restart", megabytes(f.rested.peakRSS), megabytes(barRSS))
	row("CPU of the manager, creating", seconds(f.converged.cpu), "")
	row("CPU of the manager, at rest", seconds(f.restCPU), "")
	b.WriteString("\n")
	row("mutating requests, creating", "in all", "for each PeerNode")
	row("---", "---", "---")
	for _, kind := range slices.Sorted(maps.Keys(f.writes)) {
		row(kind, strconv.Itoa(f.writes[kind]), fmt.Sprintf("%.2f", float64(f.writes[kind])/float64(o.peers)))
	}
	sibling(&b, "one sibling has another identity on record", f.identity)
	sibling(&b, "one sibling gets another image", f.image)
	for _, reason := range slices.Sorted(maps.Keys(f.events)) {
		fmt.Fprintf(&b, "\n%d times the operator told `%s`: %s\n", len(f.events[reason]), reason, f.events[reason][0])
	}
	return b.String()
}

// sibling tells what a change of one peer of a fleet cost.
func sibling(b *strings.Builder, what string, writes map[string]int) {
	if len(writes) == 0 {
		return
	}
	var parts []string
	for _, kind := range slices.Sorted(maps.Keys(writes)) {
		parts = append(parts, fmt.Sprintf("%d %s", writes[kind], kind))
	}
	fmt.Fprintf(b, "\nMutating requests when %s: %s.\n", what, strings.Join(parts, ", "))
}

func (o options) title() string {
	switch o.fleets {
	case 0:
		return fmt.Sprintf("%d PeerNodes", o.peers)
	case 1:
		return fmt.Sprintf("One fleet of %d peers", o.peers)
	default:
		return fmt.Sprintf("%d fleets of %d peers", o.fleets, o.peers/o.fleets)
	}
}

func (o options) command() string {
	command := fmt.Sprintf("go run ./bench -n %d -rest %s", o.peers, o.rest)
	if o.fleets > 0 {
		command += fmt.Sprintf(" -fleets %d", o.fleets)
	}
	return command
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }

func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000)
}

// megabytes takes what /proc calls kB, which is 1024 bytes.
func megabytes(kib int64) string { return fmt.Sprintf("%.0f MB", float64(kib)*1024/1e6) }
