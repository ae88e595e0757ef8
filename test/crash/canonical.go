// SPDX-License-Identifier: Apache-2.0

package crash

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/seal"
	"github.com/peernode/operator/test/testenv"
)

// State is every field of everything in a namespace, by Kind/name and path, without what two runs may differ in:
// names and addresses that the cluster chose, times, versions, and the content of Secrets, of which only the shape
// counts. UIDs are replaced by the name of the object that has them, so that it still shows who owns what.
type State map[string]string

// passing are kinds that come and go by themselves and say nothing about the end: events, what kube-proxy reads, and by
// what cert-manager asks.
var passing = []string{"Event", "Lease", "Endpoints", "EndpointSlice", "CertificateRequest"}

// generated are fields whose value the cluster chose.
var generated = []string{"podIP", "podIPs", "hostIP", "hostIPs", "nodeName", "containerID", "imageID", "clusterIP", "clusterIPs", "nodePort", "healthCheckNodePort"}

// ofRecord are what a backup has on record that differs from run to run, and what was removed of others where a pod had to be
// played twice.
var ofRecord = []string{"sequence", "base", "sha256", "recordSHA256", "signedBy", "uploaded", "removed", "objects", "freed"}

var (
	uid = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	// Those of Ed25519 keys, which differ from run to run.
	peerID    = regexp.MustCompile(`12D3KooW[1-9A-HJ-NP-Za-km-z]{44}`)
	publicKey = regexp.MustCompile(`CAESI[A-Za-z0-9+/]{43}|ed25519-[0-9a-f]{64}`)
	// That of an envelope, in the name of a copy of it.
	copySum = regexp.MustCompile(`-[0-9a-f]{16}\.json`)
	// What makes the check of a store another one, or the removal of old backups, in the name of its Job.
	checkJob = regexp.MustCompile(`-(check|prune)-[0-9a-f]{8}\b`)
	// What a fleet last heard of a peer that never served depends on when it looked.
	whyNot = regexp.MustCompile(`(?s)( has not served for \w+: )\w+: .*?(\. Change spec|$)`)
	// How much a backup has written, which random names and sizes of signatures change by some bytes, and how long it took.
	// Its number is another one where a pod had to be played twice.
	tookLong = regexp.MustCompile(`^backup \d+ (holds .*), \w+B; \w+B were written, and read back; the peer was stopped for \w+(; its software .*)?$`)
	// When the backup was made with which a peer began, and of when the data are that were backed up last.
	madeWhen  = regexp.MustCompile(`^(the volume was filled from backup \d+ of [^ ]+, of )[^ ]+Z: `)
	dataOf    = regexp.MustCompile(`(has the data of )[0-9TZ:-]+`)
	timestamp = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$`)
)

// kindsOf asks the API server once what can be in a namespace and is any business of the operator's.
var kindsOf = func() func(*testenv.Env) ([]schema.GroupVersionKind, error) {
	var mu sync.Mutex
	known := map[*testenv.Env][]schema.GroupVersionKind{}
	return func(env *testenv.Env) ([]schema.GroupVersionKind, error) {
		mu.Lock()
		defer mu.Unlock()
		if known[env] == nil {
			kinds, err := discoverKinds(env)
			if err != nil {
				return nil, err
			}
			known[env] = kinds
		}
		return known[env], nil
	}
}()

func discoverKinds(env *testenv.Env) ([]schema.GroupVersionKind, error) {
	asking, err := discovery.NewDiscoveryClientForConfig(env.AdminConfig)
	if err != nil {
		return nil, err
	}
	lists, err := asking.ServerPreferredNamespacedResources()
	if err != nil {
		return nil, fmt.Errorf("ask which kinds there are: %w", err)
	}
	touched, err := env.OperatorResources()
	if err != nil {
		return nil, err
	}
	var kinds []schema.GroupVersionKind
	for _, list := range discovery.FilteredBy(discovery.SupportsAllVerbs{Verbs: []string{"list", "create"}}, lists) {
		group, err := schema.ParseGroupVersion(list.GroupVersion)
		if err != nil {
			return nil, err
		}
		for _, resource := range list.APIResources {
			// Nothing of other kinds can come of what the operator does: it may not even look at them.
			if touched[schema.GroupResource{Group: group.Group, Resource: resource.Name}] && !slices.Contains(passing, resource.Kind) {
				kinds = append(kinds, group.WithKind(resource.Kind))
			}
		}
	}
	return kinds, nil
}

// objects are all objects of the namespace but the passing ones, and the reservations for its PeerNodes.
func (w *World) objects(ctx context.Context) ([]unstructured.Unstructured, error) {
	kinds, err := kindsOf(w.Env)
	if err != nil {
		return nil, err
	}
	var out []unstructured.Unstructured
	for _, kind := range kinds {
		list := &unstructured.UnstructuredList{}
		list.SetGroupVersionKind(kind)
		if err := w.Admin.List(ctx, list, client.InNamespace(w.Namespace)); err != nil {
			return nil, fmt.Errorf("list %s: %w", kind.Kind, err)
		}
		out = append(out, list.Items...)
	}
	reserved, err := w.reservations(ctx)
	return append(out, reserved...), err
}

// canonical makes a state of objects.
func (w *World) canonical(objects []unstructured.Unstructured) State {
	names := map[string]string{}
	for _, object := range objects {
		names[string(object.GetUID())] = "<uid of " + label(object) + ">"
		if id, _, _ := unstructured.NestedString(object.Object, "status", "identity", "peerID"); id != "" {
			names[id] = "<peer ID of " + label(object) + ">"
		}
	}
	c := canonizer{namespace: w.Namespace, names: names, hashes: hashes(objects)}
	out := State{}
	for _, object := range objects {
		if ofJob(object) {
			continue
		}
		c.generation = object.GetGeneration()
		flatten(out, c.hashes.Replace(label(object)), c.object(object.DeepCopy().Object))
	}
	return out
}

// hashes are what follows from content in which two runs may differ, such as a public key in a file. Each is called after what
// it is the hash of, so that it still shows whether it is that of now.
func hashes(objects []unstructured.Unstructured) *strings.Replacer {
	var pairs []string
	for _, object := range objects {
		switch object.GetKind() {
		case "StatefulSet":
			config, _, _ := unstructured.NestedString(object.Object, "spec", "template", "metadata", "annotations", v1alpha1.AnnotationConfig)
			if config != "" {
				pairs = append(pairs, config, "<hash of the files of "+object.GetName()+">")
			}
		case "ControllerRevision":
			number, _, _ := unstructured.NestedInt64(object.Object, "revision")
			for _, owner := range object.GetOwnerReferences() {
				if owner.Kind == "StatefulSet" {
					pairs = append(pairs, object.GetName(), fmt.Sprintf("<revision %d of %s>", number, owner.Name),
						strings.TrimPrefix(object.GetName(), owner.Name+"-"), fmt.Sprintf("<hash of revision %d of %s>", number, owner.Name))
				}
			}
		}
	}
	return strings.NewReplacer(pairs...)
}

// ofJob reports whether an object is a Job or a pod of one. They come, end, and go some minutes later by themselves.
func ofJob(object unstructured.Unstructured) bool {
	return object.GetKind() == "Job" || object.GetLabels()[batchv1.JobNameLabel] != ""
}

// flatten makes differences short to read.
func flatten(into State, path string, value any) {
	switch v := value.(type) {
	case map[string]any:
		for key, inner := range v {
			flatten(into, path+"."+key, inner)
		}
	case []any:
		for i, inner := range v {
			flatten(into, fmt.Sprintf("%s[%d]", path, i), inner)
		}
	default:
		into[path] = fmt.Sprint(v)
	}
}

// canonizer rewrites one object after the other.
type canonizer struct {
	namespace  string
	names      map[string]string
	hashes     *strings.Replacer
	generation int64
}

func (c canonizer) object(object map[string]any) any {
	metadata, _ := object["metadata"].(map[string]any)
	for _, field := range []string{"uid", "resourceVersion", "creationTimestamp", "managedFields", "generation"} {
		delete(metadata, field)
	}
	if data, ok := object["data"].(map[string]any); ok && object["kind"] == "Secret" {
		for key, value := range data {
			data[key] = c.sealed(fmt.Sprint(value))
			if object["type"] == string(corev1.SecretTypeTLS) {
				data[key] = "<of a certificate>" // Two of the same names differ in length by some bytes.
			}
		}
	}
	if object["kind"] == "Pod" {
		forgetScheduling(object)
	}
	return c.value("", object)
}

// sealed is what matters of what a Secret holds: whose key it is, and who can open it.
func (c canonizer) sealed(value string) string {
	raw, err := base64.StdEncoding.DecodeString(value)
	if err != nil {
		return "<not base64>"
	}
	if envelope, err := seal.Read(bytes.NewReader(raw)); err == nil {
		return c.envelope(envelope)
	}
	return fmt.Sprintf("<%d characters of base64>", len(value))
}

func (c canonizer) envelope(e seal.Envelope) string {
	h := e.Header()
	return c.text("", fmt.Sprintf("<the key of %s, %s, for %d recipients>", h.Binding, h.PeerID, len(h.Recipients)))
}

// forgetScheduling drops what the scheduler says of a pod that runs. A simulated pod may run before the scheduler
// is done with its predecessor of the same name, whose failure it then writes down for good.
func forgetScheduling(pod map[string]any) {
	conditions, found, err := unstructured.NestedSlice(pod, "status", "conditions")
	if err != nil || !found {
		return
	}
	conditions = slices.DeleteFunc(conditions, func(condition any) bool {
		fields, _ := condition.(map[string]any)
		return fields["type"] == "PodScheduled"
	})
	_ = unstructured.SetNestedSlice(pod, conditions, "status", "conditions")
}

func (c canonizer) value(field string, value any) any {
	switch v := value.(type) {
	case map[string]any:
		for key, inner := range v {
			v[key] = c.value(key, inner)
		}
		if field == "annotations" && v[v1alpha1.AnnotationIntent] != nil {
			v[v1alpha1.AnnotationIntent] = "<hash>" // It covers the UID of the owner.
		}
		return v
	case []any:
		if slices.Contains(generated, field) && !slices.Contains(v, any("None")) {
			return "<generated>"
		}
		for i, inner := range v {
			v[i] = c.value("", inner)
		}
		return v
	case string:
		return c.text(field, v)
	case int64:
		switch {
		case field == "observedGeneration" && v == c.generation:
			return "<current>"
		case slices.Contains(generated, field):
			return "<generated>"
		case slices.Contains(ofRecord, field):
			return "<" + field + ">"
		}
	}
	return value
}

func (c canonizer) text(field, v string) string {
	if slices.Contains(generated, field) && v != "None" {
		return "<generated>"
	}
	if field == "publicKey" && v != "" {
		return "<public key>"
	}
	if slices.Contains(ofRecord, field) && v != "" {
		return "<" + field + ">"
	}
	if imported, err := seal.Read(strings.NewReader(v)); field == "envelope" && err == nil {
		return c.envelope(imported)
	}
	if timestamp.MatchString(v) {
		return "<time>"
	}
	v = uid.ReplaceAllStringFunc(v, func(found string) string {
		if name, ok := c.names[found]; ok {
			return name
		}
		return "<uid of something gone>"
	})
	v = tookLong.ReplaceAllString(v, "<a backup> $1$2")
	v = madeWhen.ReplaceAllString(v, "$1<time>: ")
	v = dataOf.ReplaceAllString(v, "$1<time>")
	v = whyNot.ReplaceAllString(v, "$1<why>$2")
	v = publicKey.ReplaceAllString(v, "<public key>")
	v = copySum.ReplaceAllString(v, "-<sum>.json")
	v = checkJob.ReplaceAllString(v, "-$1-<hash>")
	v = peerID.ReplaceAllStringFunc(v, func(found string) string {
		if name, ok := c.names[found]; ok {
			return name
		}
		return "<peer ID of somebody gone>"
	})
	return inOrder(strings.ReplaceAll(c.hashes.Replace(v), c.namespace, "<namespace>"))
}

// inOrder sorts lists of nothing but peer IDs, which are sorted by what differs from run to run.
func inOrder(text string) string {
	lines := strings.Split(text, "\n")
	isID := func(line string) bool { return strings.HasPrefix(line, "- <peer ID of ") }
	for from := 0; from < len(lines); from++ {
		to := from
		for to < len(lines) && isID(lines[to]) {
			to++
		}
		slices.Sort(lines[from:to])
		from = max(from, to-1)
	}
	return strings.Join(lines, "\n")
}
