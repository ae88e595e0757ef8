// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/peernode/operator/pkg/seal"
)

// resealing seals the key of an envelope to others. The key is in memory only, and stays that of the same peer.
type resealing struct {
	source
	recipients
	output
}

func newReseal(s Streams) *cobra.Command {
	var r resealing
	c := &cobra.Command{
		Use:   "reseal ENVELOPE --identity RECOVERY-KEY --namespace NAMESPACE --peernode NAME --recipient AGE-PUBLIC-KEY",
		Short: "Seal the key of an envelope to others, such as the unsealer of another cluster",
		Long: "Open an envelope with a recovery key, in memory, and seal its key for the same peer to other recipients. To bring\n" +
			"a peer into another cluster, whose unsealer publishes to whom:\n\n" +
			"  kubectl get configmap peernode-unsealer -n peernode-system -o jsonpath='{.data.recipient}' > unsealer.pub\n" +
			"  peer-companion reseal alpha.envelope -i recovery.key -n peers --peernode alpha \\\n" +
			"    -R unsealer.pub -R recovery.pub --as secret | kubectl create -f -\n\n" +
			"ENVELOPE, which may also be a Secret that holds one, or RECOVERY-KEY may be -, the standard input. All recipients\n" +
			"have to be named again.",
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return r.run(s, args[0]) },
	}
	r.source.flags(c)
	r.recipients.flags(c)
	r.output.flags(c)
	return c
}

func (r *resealing) run(s Streams, path string) error {
	if err := r.output.validate(); err != nil {
		return err
	}
	to, err := r.parse(s)
	if err != nil {
		return err
	}
	opened, err := r.open(s, path)
	if err != nil {
		return err
	}
	envelope, err := seal.Seal(opened.Key, opened.binding, to)
	if err != nil {
		return fmt.Errorf("seal the key: %w", err)
	}
	noteShutOut(s, opened.openers, to)
	return r.write(s, envelope)
}

// noteShutOut tells who opened the old envelope that the new one does not open for them.
func noteShutOut(s Streams, openers []seal.Opener, to []seal.Recipient) {
	for _, o := range openers {
		if slices.ContainsFunc(to, func(r seal.Recipient) bool { return r.Info() == o.Recipient().Info() }) {
			return
		}
	}
	s.notef("note: the recovery key given does not open the new envelope; to be able to do this again, name its recipient too")
}
