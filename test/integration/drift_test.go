// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"encoding/json"
	"fmt"
	"testing"

	certmanagerv1 "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/peernode/operator/api/v1alpha1"
)

// drifting is an object of a peer and what somebody else may do to it, as merge patches.
type drifting struct {
	object  client.Object
	name    string
	edited  string // a field of the operator's has another value
	removed string // a field of the operator's is gone
	added   string // a field that is not the operator's
}

func ownedObjects() map[string]drifting {
	return map[string]drifting{
		"ServiceAccount": {&corev1.ServiceAccount{}, "alpha",
			`{"automountServiceAccountToken":true}`, `{"automountServiceAccountToken":null}`, `{"imagePullSecrets":[{"name":"theirs"}]}`},
		"ConfigMap": {&corev1.ConfigMap{}, "alpha-config",
			`{"data":{"peers.yaml":"allowed_peers: [everybody]"}}`, `{"data":{"agent.yaml":null}}`, `{"data":{"theirs":"1"}}`},
		"PersistentVolumeClaim": {&corev1.PersistentVolumeClaim{}, "alpha-data",
			`{"metadata":{"annotations":{"peernode.dev/owner-uid":"nobody"}}}`, `{"metadata":{"labels":{"app.kubernetes.io/component":null}}}`, `{"metadata":{"labels":{"theirs":"1"}}}`},
		"Service": {&corev1.Service{}, "alpha",
			`{"spec":{"selector":{"peernode.dev/peernode":"mallory"}}}`, `{"spec":{"publishNotReadyAddresses":null}}`, `{"spec":{"sessionAffinity":"ClientIP"}}`},
		"API Service": {&corev1.Service{}, "alpha-api",
			`{"spec":{"selector":{"peernode.dev/peernode":"mallory"}}}`, `{"metadata":{"ownerReferences":null}}`, `{"spec":{"internalTrafficPolicy":"Local"}}`},
		"Certificate": {&certmanagerv1.Certificate{}, "alpha-api",
			`{"spec":{"dnsNames":["theirs.example.com"]}}`, `{"spec":{"privateKey":{"rotationPolicy":null}}}`, `{"spec":{"secretTemplate":{"labels":{"theirs":"1"}}}}`},
		"Ingress": {&networkingv1.Ingress{}, "alpha-api",
			`{"spec":{"ingressClassName":"theirs"}}`, `{"spec":{"tls":null}}`, `{"spec":{"defaultBackend":{"service":{"name":"theirs","port":{"number":80}}}}}`},
		"TLSRoute": {&gatewayv1.TLSRoute{}, "alpha-api",
			`{"spec":{"hostnames":["theirs.example.com"]}}`, `{"metadata":{"ownerReferences":null}}`, `{"metadata":{"labels":{"theirs":"1"}}}`},
		"NetworkPolicy": {&networkingv1.NetworkPolicy{}, "alpha",
			`{"spec":{"egress":[{}]}}`, `{"spec":{"policyTypes":["Ingress"]}}`, `{"metadata":{"labels":{"theirs":"1"}}}`},
		"PodDisruptionBudget": {&policyv1.PodDisruptionBudget{}, "alpha",
			`{"spec":{"maxUnavailable":0}}`, `{"spec":{"unhealthyPodEvictionPolicy":null}}`, `{"metadata":{"labels":{"theirs":"1"}}}`},
		"CronJob": {&batchv1.CronJob{}, "alpha-backup",
			`{"spec":{"jobTemplate":{"spec":{"managedBy":"somebody.example.com/else"}}}}`, `{"spec":{"timeZone":null}}`, `{"spec":{"jobTemplate":{"metadata":{"labels":{"theirs":"1"}}}}}`},
		"StatefulSet": {&appsv1.StatefulSet{}, "alpha",
			`{"spec":{"replicas":3}}`, `{"spec":{"template":{"spec":{"securityContext":null}}}}`, `{"metadata":{"finalizers":["theirs.example.com/wait"]}}`},
	}
}

func TestDriftIsSetRight(t *testing.T) {
	for what, change := range map[string]func(*story, drifting){
		"an edited field gets its value back": func(s *story, d drifting) { s.patch(d.name, d.object, d.edited) },
		"a removed field comes back":          func(s *story, d drifting) { s.patch(d.name, d.object, d.removed) },
		"a deleted object comes back":         func(s *story, d drifting) { s.must(env.Admin.Delete(s.Context(), s.again(d.name, d.object))) },
		"a rewritten note of the intent is seen": func(s *story, d drifting) {
			s.patch(d.name, d.object, `{"metadata":{"annotations":{"peernode.dev/intent":"0"}}}`)
		},
	} {
		t.Run(what, func(t *testing.T) {
			s := tell(t)
			s.serving("alpha", routed, scheduledInto("nowhere"))
			s.settle(pause)
			before := map[string]client.Object{}
			for kind, d := range ownedObjects() {
				// A volume in use only goes with its pod, and what becomes of one that somebody deletes is a story of its own.
				if kind == "PersistentVolumeClaim" && what == "a deleted object comes back" {
					continue
				}
				before[kind] = s.again(d.name, d.object)
				change(s, d)
			}
			for kind, was := range before {
				s.eventually(func() error { return s.asBefore(kind, ownedObjects()[kind].name, was) })
			}
			s.settle(quiet)
			s.silent(pause)
		})
	}
}

// asBefore compares what the operator decides about; the rest is the server's.
func (s *story) asBefore(kind, name string, was client.Object) error {
	is := was.DeepCopyObject().(client.Object)
	if err := s.get(name, is); err != nil {
		return err
	}
	if is.GetDeletionTimestamp() != nil {
		return fmt.Errorf("%s %s is still going away", kind, name)
	}
	diff := cmp.Diff(was, is,
		cmpopts.IgnoreFields(metav1.ObjectMeta{}, "UID", "ResourceVersion", "Generation", "CreationTimestamp", "ManagedFields"),
		cmpopts.IgnoreFields(corev1.ServiceSpec{}, "ClusterIP", "ClusterIPs"),
		cmpopts.IgnoreFields(appsv1.StatefulSet{}, "Status"), cmpopts.IgnoreFields(certmanagerv1.Certificate{}, "Status"), cmpopts.IgnoreFields(policyv1.PodDisruptionBudget{}, "Status"))
	if diff != "" {
		return fmt.Errorf("%s %s has not been set right (-before +now):\n%s", kind, name, diff)
	}
	return nil
}

func TestForeignFieldsAreLeftAlone(t *testing.T) {
	s := tell(t)
	s.serving("alpha", routed, scheduledInto("nowhere"))
	s.settle(pause)
	changed := map[string]client.Object{}
	for kind, d := range ownedObjects() {
		s.patch(d.name, d.object, d.added)
		s.patch(d.name, d.object, `{"metadata":{"annotations":{"theirs":"1"},"labels":{"theirs/too":"1"}}}`)
		changed[kind] = s.again(d.name, d.object)
	}
	s.silent(quiet)
	for kind, object := range changed {
		after := s.again(object.GetName(), object)
		if after.GetAnnotations()["theirs"] != "1" || after.GetLabels()["theirs/too"] != "1" {
			s.Errorf("%s %s has lost what somebody else added", kind, object.GetName())
		}
		if has, err := contains(after, ownedObjects()[kind].added); err != nil || !has {
			s.Errorf("%s %s has lost %s (%v)", kind, object.GetName(), ownedObjects()[kind].added, err)
		}
	}
}

// contains reports whether applying a merge patch would change nothing.
func contains(o client.Object, patch string) (bool, error) {
	raw, err := json.Marshal(o)
	if err != nil {
		return false, err
	}
	var have, want any
	if err := json.Unmarshal(raw, &have); err != nil {
		return false, err
	}
	if err := json.Unmarshal([]byte(patch), &want); err != nil {
		return false, err
	}
	return within(want, have), nil
}

func within(want, have any) bool {
	fields, ok := want.(map[string]any)
	if !ok {
		return cmp.Equal(want, have)
	}
	other, _ := have.(map[string]any)
	for key, value := range fields {
		if !within(value, other[key]) {
			return false
		}
	}
	return true
}

func TestAnObjectStrippedOfTheOperatorsLabelIsForeign(t *testing.T) {
	s := tell(t)
	p := s.serving("alpha")
	s.settle(pause)
	budget := &policyv1.PodDisruptionBudget{}
	s.patch("alpha", budget, `{"metadata":{"labels":{"app.kubernetes.io/managed-by":"somebody-else"}},"spec":{"maxUnavailable":0}}`)
	s.is("alpha", budget)
	s.becomes(p, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonForeignObject)
	s.becomes(p, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonServing)
	if after := s.again("alpha", budget).(*policyv1.PodDisruptionBudget); after.Spec.MaxUnavailable.IntValue() != 0 {
		s.Error("the operator changed an object that does not carry its label")
	}
}

func (s *story) patch(name string, o client.Object, patch string) {
	s.Helper()
	object := o.DeepCopyObject().(client.Object)
	object.SetNamespace(s.ns)
	object.SetName(name)
	s.must(env.Admin.Patch(s.Context(), object, client.RawPatch(types.MergePatchType, []byte(patch)), client.FieldOwner("somebody-else")))
}
