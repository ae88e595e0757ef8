// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/peernode/operator/cmd/peer-companion/internal/disk"
	"github.com/peernode/operator/pkg/handover"
	"github.com/peernode/operator/pkg/seal"
)

// Flags of the hand-over in a Job.
const (
	flagTerminationLog = "termination-log"
	flagParts          = "parts"
	flagHandOverDir    = "hand-over-dir"
	flagFrom           = "from"
)

// terminationLog is where the kubelet looks for the last words of a container, which the operator reads.
type terminationLog struct{ path string }

func (l *terminationLog) flags(c *cobra.Command) {
	c.Flags().StringVar(&l.path, flagTerminationLog, "", "in a container: its terminationMessagePath, for what the operator is to read")
}

// tells does something, and leaves word of what went wrong.
func (l *terminationLog) tells(do func() error) error {
	err := do()
	if err == nil || l.path == "" {
		return err
	}
	return errors.Join(err, disk.Replace(l.path, "error: "+err.Error()))
}

// handOver are the flags with which the Job of a key takes an envelope out of its pod.
type handOver struct {
	log   terminationLog
	parts int
	dir   string
}

func (h *handOver) flags(c *cobra.Command) {
	h.log.flags(c)
	c.Flags().IntVar(&h.parts, flagParts, 1, "number of containers that hand the envelope over, with --"+flagTerminationLog)
	c.Flags().StringVar(&h.dir, flagHandOverDir, "", "folder for the parts of the other containers")
}

func (h *handOver) validate(o output) error {
	switch err := o.validate(); {
	case err != nil:
		return err
	case h.log.path == "" && (h.parts != 1 || h.dir != ""):
		return fmt.Errorf("--%s and --%s are for a hand-over, which needs --%s", flagParts, flagHandOverDir, flagTerminationLog)
	case h.log.path != "" && o.path != "":
		return fmt.Errorf("the envelope goes to --out or to --%s, not to both", flagTerminationLog)
	case h.log.path != "" && o.as != asEnvelope:
		return fmt.Errorf("--%s takes the envelope alone; leave out --as", flagTerminationLog)
	case h.parts < 1 || h.parts > handover.MaxParts:
		return fmt.Errorf("--%s %d: an envelope is handed over in 1 to %d parts", flagParts, h.parts, handover.MaxParts)
	case h.parts > 1 && h.dir == "":
		return fmt.Errorf("--%s %d needs a folder for all parts but the first: --%s", flagParts, h.parts, flagHandOverDir)
	}
	return nil
}

// write leaves the first part as the last words of this container, when all others lie where theirs will find them.
func (h *handOver) write(e seal.Envelope) error {
	messages, err := handover.Split(e, h.parts)
	if err != nil {
		return err
	}
	for i, message := range messages[1:] {
		if err := disk.Create(filepath.Join(h.dir, handover.PartName(i+2)), 0o400, []byte(message)); err != nil {
			return err
		}
	}
	return disk.Replace(h.log.path, messages[0])
}

// passing hands over a part that lies in a file.
type passing struct {
	log  terminationLog
	from string
}

func newHandOver(s Streams) *cobra.Command {
	var p passing
	c := &cobra.Command{
		Use:   "hand-over --from FILE --termination-log FILE",
		Short: "In a container of the Job that makes a key: hand over one part of the envelope",
		Args:  cobra.NoArgs,
		RunE:  func(*cobra.Command, []string) error { return p.log.tells(func() error { return p.run(s) }) },
	}
	p.log.flags(c)
	c.Flags().StringVar(&p.from, flagFrom, "", "file with the part, which keygen has left")
	return required(c, flagFrom, flagTerminationLog)
}

func (p *passing) run(s Streams) error {
	message, err := readFile(p.from, s, readMessage)
	if err == nil {
		err = handover.Check(message)
	}
	if err != nil {
		return fmt.Errorf("part of an envelope in %s: %w", p.from, err)
	}
	return disk.Replace(p.log.path, message)
}

// maxMessage is far more than a message has.
const maxMessage = 64 << 10

func readMessage(r io.Reader) (string, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxMessage))
	return string(text), err
}
