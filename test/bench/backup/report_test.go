// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"
)

func TestTheReportJudgesByMediansAndByTheMostMemory(t *testing.T) {
	const mib = 1 << 20
	s := set{kind: kinds()[2], size: 1000 << 20, rounds: 3, slowRounds: 1, files: 5, changed: 2560, ratio: 1.2, contenders: contenders(), samples: map[string]map[string][]sample{}}
	add := func(contender, what string, samples ...sample) {
		for _, one := range samples {
			one.bytes = 900e6
			one.others = .01
			s.add(named(t, contender), map[string]sample{what: one})
		}
	}
	add(nameOurs, firstBackup, sample{seconds: 3, added: 900e6, largest: 100 * mib}, sample{seconds: 2, added: 900e6, largest: 100 * mib}, sample{seconds: 4, added: 900e6, largest: 100 * mib})
	add(nameOurs, verifiedBackup, sample{seconds: 3.1, clientCPU: 4, serverCPU: 1.25, added: 900e6, largest: 130 * mib, all: 130 * mib})
	add(nameOurs, verification, sample{seconds: 1, part: true})
	add(nameOurs, secondBackup, sample{seconds: .6, added: 9e6}, sample{seconds: .4, added: 9e6}, sample{seconds: 4, added: 90e6})
	add(nameOurs, restore, sample{seconds: 4.6, flush: .5})
	add(nameGPG, firstBackup, sample{seconds: 30})
	report := (&measured{sets: []set{s}, left: []string{"age is left out"}}).markdown(defaults(), "an abacus")
	for _, want := range []string{
		"-large-with ours,age` in `test/`), ", ", on an abacus.\n", "others had 1 % of the machine's processors", "**age is left out.**",
		"| bar | 1000 MiB of etch |",
		"| backup: at least 300 MB/s | 300 MB/s, held |",
		"| the same, with verification | 290 MB/s, **not held** |",
		"gpg` | 10.0 times, held |",
		"| the same, with verification | 9.68 times, **not held** |",
		"| memory: at most 128 MiB, whatever it does | 130 MiB, **not held** |",
		"| second backup: at most 5 % of the bytes | 1.00 %, held |",
		"| second backup: at most 20 % of the time | 20.0 %, held |",
		"| restore: at least 200 MB/s | 196 MB/s, **not held** |",
		"| restore of the second: at least 200 MB/s | not measured |",
		"by a factor of 1.20. 5 files; 2560 blocks of 4 KiB change before the second backup, 1.00 %. 3 rounds; 1 with tar cz, gpg; 1 with restic.",
		"| backup | peer-companion | 300 (225 to 450) | 3.00 (2.00 to 4.00) |  |",
		"| backup with verification | peer-companion | 290 | 3.10 |  | 4.00 | 1.25 | 130 | 130 | 900 | 100 % |",
		"| verification | peer-companion | 900 | 1.00 |  | part of the backup |",
		"| restore | peer-companion | 196 | 4.60 | 0.50 |",
	} {
		if !strings.Contains(report, want) {
			t.Errorf("%q is missing in\n%s", want, report)
		}
	}
}

func named(t *testing.T, name string) contender {
	t.Helper()
	for _, c := range contenders() {
		if c.name == name {
			return c
		}
	}
	t.Fatalf("there is no %s", name)
	return contender{}
}
