// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/keysecret"
	"github.com/peernode/operator/pkg/seal"
)

// secrets are those of a cluster: a peer named, and to whom its key is sealed.
type secrets map[string][]seal.Recipient

// list is what kubectl get secrets -o json prints of them.
func (s secrets) list(t *testing.T, change ...func([]corev1.Secret)) string {
	t.Helper()
	var items []corev1.Secret
	for _, name := range slices.Sorted(maps.Keys(s)) {
		p := &v1alpha1.PeerNode{ObjectMeta: metav1.ObjectMeta{Namespace: "peers", Name: name}}
		e, err := seal.Seal(key, seal.Binding{Namespace: "peers", PeerNode: name, Role: seal.RoleIdentity, Epoch: 2}, s[name])
		if err != nil {
			t.Fatal(err)
		}
		secret := keysecret.New(p, 2, e.Text())
		secret.UID, secret.ResourceVersion, secret.CreationTimestamp = "6e1d", "4711", metav1.Now()
		secret.OwnerReferences = []metav1.OwnerReference{{Kind: "PeerNode", Name: name, UID: "7e1d"}}
		items = append(items, *secret)
	}
	for _, c := range change {
		c(items)
	}
	text, err := json.Marshal(map[string]any{"apiVersion": "v1", "kind": "List", "items": items})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// safe is a sealing key as its Secret holds it, in the file NAME.key, and its recipient, in NAME.pub.
func (d *desk) safe(name string) seal.Opener {
	d.Helper()
	o := mustOpener(d.T)
	d.write(name+".key", o.Secret()+"\n")
	d.write(name+".pub", o.Recipient().String())
	return o
}

func mustOpener(t *testing.T) seal.Opener {
	t.Helper()
	o, err := seal.NewOpener()
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestKeysMoveToAnotherSealingKeyAndTheirHoldersStay(t *testing.T) {
	d := newDesk(t)
	before, now, holder, other := d.safe("before"), d.safe("now"), d.safe("holder"), d.safe("other")
	rewrap := []string{"rewrap", "-", "-i", "DIR/before.key", "--to", "DIR/now.pub", "-R", "DIR/holder.pub", "-R", "DIR/other.pub"}
	printed, said := d.succeeds(secrets{
		"alone":   {before.Recipient()},
		"held":    {before.Recipient(), holder.Recipient(), other.Recipient()},
		"moved":   {now.Recipient()},
		"halfway": {now.Recipient(), before.Recipient()},
		"direct":  {mustOpener(t).Recipient()},
	}.list(t), rewrap...)
	var list struct {
		Kind  string
		Items []corev1.Secret
	}
	if err := json.Unmarshal([]byte(printed), &list); err != nil || list.Kind != "List" {
		t.Fatalf("printed a %q, %v", list.Kind, err)
	}
	want := map[string][]seal.RecipientInfo{
		"alone-identity-2":   {now.Recipient().Info()},
		"held-identity-2":    {now.Recipient().Info(), holder.Recipient().Info(), other.Recipient().Info()},
		"halfway-identity-2": {now.Recipient().Info()},
	}
	got := map[string][]seal.RecipientInfo{}
	for _, s := range list.Items {
		e, err := seal.Read(bytes.NewReader(s.Data["envelope"]))
		if err != nil {
			t.Fatal(err)
		}
		got[s.Name] = e.Header().Recipients
		opened, err := e.Open(e.Header().Binding, now)
		if err != nil || !opened.Key.Equal(key) {
			t.Errorf("%s: the new sealing key opens %v, %v", s.Name, opened.Key, err)
		}
		if s.ResourceVersion != "" || s.UID != "" || s.OwnerReferences[0].UID != "7e1d" || s.Labels[v1alpha1.LabelComponent] != "identity" || s.Immutable == nil {
			t.Errorf("%s cannot be created in the place of the old one: %+v", s.Name, s.ObjectMeta)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Secrets and who opens them (-want +got):\n%s", diff)
	}
	for _, line := range []string{"note: peers/direct-identity-2 is sealed neither to the old", "3 of 5 Secrets are to be replaced", "sealed the Ed25519 key of peers/held, role identity, epoch 2, peer ID " + peerID} {
		if !strings.Contains(said, line) {
			t.Errorf("it lacks %q: %s", line, said)
		}
	}
	if again, said := d.succeeds(printed, rewrap...); !strings.Contains(again, `"items": []`) || !strings.Contains(said, "0 of 3 Secrets") {
		t.Errorf("once more, it said %q and printed\n%s", said, again)
	}
	d.keepsSilent(printed)
}

func TestNothingIsWrittenWhereOneKeyCannotMove(t *testing.T) {
	for name, c := range map[string]struct {
		in   func(d *desk, before seal.Recipient) string
		args []string
		says string
	}{
		"A holder who is not named.": {
			in: func(d *desk, before seal.Recipient) string {
				return secrets{"alpha": {before}, "beta": {before, mustOpener(d.T).Recipient()}}.list(d.T)
			},
			says: "the Secret peers/beta-identity-2: who holds ",
		},
		"A Secret of another peer.": {
			in:   func(d *desk, before seal.Recipient) string { return secrets{"alpha": {before}}.list(d.T, renamed) },
			says: `the Secret peers/beta-identity-2: the Secret beta-identity-2 has the label`,
		},
		"An envelope in the Secret of another epoch.": {
			in: func(d *desk, before seal.Recipient) string {
				return secrets{"alpha": {before}}.list(d.T, func(items []corev1.Secret) { items[0].Name = "alpha-identity-3" })
			},
			says: "binding.epoch",
		},
		"A damaged envelope.": {
			in: func(d *desk, before seal.Recipient) string {
				return secrets{"alpha": {before}}.list(d.T, func(items []corev1.Secret) { items[0].Data["envelope"] = []byte("{") })
			},
			says: "the Secret peers/alpha-identity-2: ",
		},
		"Something else among the Secrets.": {
			in: func(*desk, seal.Recipient) string {
				return `{"apiVersion":"v1","kind":"List","items":[{"kind":"ConfigMap"}]}`
			},
			says: `there is a "ConfigMap" among the Secrets`,
		},
		"No Secrets at all.": {in: func(*desk, seal.Recipient) string { return "x" }, says: "there is no list of Secrets"},
		"Two new sealing keys.": {
			in:   func(*desk, seal.Recipient) string { return "" },
			args: []string{"--to", "DIR/two.pub"}, says: "--to DIR/two.pub: there are 2 public keys",
		},
		"The old sealing key in the place of the new.": {
			in:   func(*desk, seal.Recipient) string { return "" },
			args: []string{"--to", "DIR/before.key"}, says: "this is a private key of age",
		},
		"The key of a holder in the place of the old sealing key.": {
			in:   func(*desk, seal.Recipient) string { return "" },
			args: []string{"-R", "DIR/before.pub"}, says: "who is to stay; it has to be the old sealing key",
		},
		"The new sealing key in the place of the old.": {
			in:   func(*desk, seal.Recipient) string { return "" },
			args: []string{"-i", "DIR/now.key"}, says: "who is to stay; it has to be the old sealing key",
		},
		"Everything from the standard input.": {
			in:   func(*desk, seal.Recipient) string { return "" },
			args: []string{"-i", "-"}, says: "cannot both be the standard input",
		},
	} {
		d := newDesk(t)
		before, now := d.safe("before"), d.safe("now")
		d.write("two.pub", now.Recipient().String()+"\n"+before.Recipient().String()+"\n")
		code, out, errs := d.runs(c.in(d, before.Recipient()), slices.Concat([]string{"rewrap", "-", "-i", "DIR/before.key", "--to", "DIR/now.pub"}, c.args)...)
		if says := strings.ReplaceAll(c.says, "DIR", d.dir); code != 1 || out != "" || !strings.Contains(errs, says) {
			t.Errorf("%s exit code %d, printed %q, said %q, want %q", name, code, out, errs, says)
		}
		d.keepsSilent()
	}
}

func renamed(items []corev1.Secret) { items[0].Name = "beta-identity-2" }
