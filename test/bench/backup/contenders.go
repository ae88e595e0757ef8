// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
)

// contender is a way to back up files.
type contender struct {
	// name is what to call it on the command line, title in the report.
	name, title string
	// needs are the programs of others that it is made of, and the packages of Debian that have them.
	needs map[string]string
	// slow ones are measured less often.
	slow bool
	run  func(context.Context, *trial) error
}

const (
	nameOurs   = "ours"
	nameGPG    = "gpg"
	nameAge    = "age"
	nameRestic = "restic"
)

// contenders are all there are.
func contenders() []contender {
	return []contender{
		{name: nameOurs, title: "peer-companion", run: runOurs},
		{name: nameGPG, title: "tar cz, gpg", run: runGPG, slow: true, needs: map[string]string{"tar": "tar", "gzip": "gzip", "gpg": "gnupg", "gpgconf": "gnupg"}},
		{name: nameAge, title: "tar, zstd -1 -T0, age", run: runAge, needs: map[string]string{"tar": "tar", "zstd": "zstd", "age": "age", "age-keygen": "age"}},
		{name: nameRestic, title: "restic", run: runRestic, slow: true, needs: map[string]string{"restic": "restic"}},
	}
}

// missing names what is not there of what it needs, and the packages to install.
func (c contender) missing() (programs, packages []string) {
	for _, program := range sorted(c.needs) {
		if _, err := exec.LookPath(program); err != nil {
			programs, packages = append(programs, program), append(packages, c.needs[program])
		}
	}
	return programs, packages
}

// there are those of these names whose programs are there, and a word on each that is left out.
func there(names []string) (out []contender, left []string, err error) {
	for _, name := range names {
		found := false
		for _, c := range contenders() {
			if c.name != name {
				continue
			}
			found = true
			if programs, packages := c.missing(); len(programs) > 0 {
				left = append(left, fmt.Sprintf("%s is left out, because there is no %s here (apt-get install %s)", c.title, strings.Join(programs, " and no "), strings.Join(packages, " ")))
				continue
			}
			out = append(out, c)
		}
		if !found {
			return nil, nil, fmt.Errorf("there is no contender named %q", name)
		}
	}
	return out, left, nil
}
