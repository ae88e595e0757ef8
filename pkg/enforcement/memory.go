// SPDX-License-Identifier: Apache-2.0

package enforcement

import "time"

// Pace is how often the probe is asked, and how soon it is believed.
type Pace struct {
	// Confirm is how many times in a row something new has to be seen before it counts.
	Confirm int
	// Soon lies between two looks while something is not certain, Settled while nothing changes.
	Soon, Settled time.Duration
	// Patience is how long the probe may be silent before its last word is forgotten.
	Patience time.Duration
}

// DefaultPace finds out within a minute. A plugin takes some seconds to limit a new pod, and a busy network loses a
// connection now and then; neither is worth a write for every PeerNode.
var DefaultPace = Pace{Confirm: 3, Soon: 20 * time.Second, Settled: 2 * time.Minute, Patience: 5 * time.Minute}

// Memory is what was seen lately. The zero value has seen nothing.
type Memory struct {
	heard bool
	word  Verdict
	// rival is what was seen instead of word, times in a row; the silence of the probe neither adds to it nor ends it.
	rival Verdict
	times int
	// silent is since when the probe has not answered, zero while it does.
	silent time.Time
}

// Look adds what was seen.
func (m Memory) Look(v Verdict, p Pace, now time.Time) Memory {
	if v.Ingress == Unknown {
		return m.silence(v, p, now)
	}
	m.silent = time.Time{}
	switch {
	case m.heard && v == m.word:
		m.times = 0
		return m
	case v != m.rival:
		m.rival, m.times = v, 0
	}
	if m.times++; m.times >= p.Confirm {
		return Memory{heard: true, word: v}
	}
	return m
}

func (m Memory) silence(v Verdict, p Pace, now time.Time) Memory {
	if m.silent.IsZero() {
		m.silent = now
	}
	if now.Sub(m.silent) >= p.Patience {
		m.heard, m.word = true, v
	}
	return m
}

// Pause is how long to wait for the next look.
func (m Memory) Pause(p Pace) time.Duration {
	certain := m.heard && m.times == 0 && (m.silent.IsZero() || m.word.Ingress == Unknown)
	if certain {
		return p.Settled
	}
	return p.Soon
}

// Word is what counts.
func (m Memory) Word() Word { return Word{Asked: true, Heard: m.heard, Verdict: m.word} }
