// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/conditions"
	"github.com/peernode/operator/pkg/storecheck"
)

// storeBecomes waits for a condition of the present spec of a store.
func (s *story) storeBecomes(store *v1alpha1.PeerBackupStore, conditionType string, want metav1.ConditionStatus, reason string) metav1.Condition {
	s.Helper()
	var c metav1.Condition
	s.eventually(func() error {
		if err := s.get(store.Name, store); err != nil {
			return err
		}
		c = conditions.Find(store.Status.Conditions, conditionType)
		if c.Status != want || c.Reason != reason || c.ObservedGeneration != store.Generation {
			return fmt.Errorf("%s of generation %d is %s %s (%s), want %s %s", conditionType, c.ObservedGeneration, c.Status, c.Reason, c.Message, want, reason)
		}
		return nil
	})
	return c
}

func (s *story) storeIsReady(store *v1alpha1.PeerBackupStore) metav1.Condition {
	s.Helper()
	return s.storeBecomes(store, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonChecked)
}

func (s *story) editStore(store *v1alpha1.PeerBackupStore, change func(*v1alpha1.PeerBackupStoreSpec)) {
	s.Helper()
	s.must(retry.RetryOnConflict(retry.DefaultRetry, func() error {
		if err := s.get(store.Name, store); err != nil {
			return err
		}
		change(&store.Spec)
		return env.Admin.Update(s.Context(), store)
	}))
}

// timePasses for what is on record of a store, as nobody waits for an hour. The Jobs of that time are gone.
func (s *story) timePasses(store *v1alpha1.PeerBackupStore, by time.Duration) {
	s.Helper()
	before := store.DeepCopy()
	store.Status.LastCheck.Time = metav1.NewTime(store.Status.LastCheck.Time.Add(-by))
	s.must(env.Admin.Status().Patch(s.Context(), store, client.MergeFrom(before)))
}

// checkedAgain waits for another check than the last that is on record.
func (s *story) checkedAgain(store *v1alpha1.PeerBackupStore, last string) {
	s.Helper()
	s.eventually(func() error {
		if err := s.get(store.Name, store); err != nil {
			return err
		}
		if store.Status.LastCheck == nil || store.Status.LastCheck.Job == last {
			return fmt.Errorf("the last check is still %+v", store.Status.LastCheck)
		}
		return nil
	})
}

func TestAStoreIsCheckedAgainAndAgainAndNothingIsWrittenBetween(t *testing.T) {
	s := tellOfCopies(t)
	env.KeyJobs.Hold(s.ns)
	store := s.store("keys", s.server.User(t, "writer", "keys", "s3:PutObject", "s3:GetObject"))
	s.storeBecomes(store, v1alpha1.ConditionReady, metav1.ConditionUnknown, v1alpha1.ReasonWaitingForCheck)
	s.storeIsJudged(store.Name, status.InProgressStatus)
	env.KeyJobs.Release(s.ns)
	if c := s.storeIsReady(store); !strings.Contains(c.Message, "whether it has Object Lock is not known") {
		t.Errorf("it is ready: %s", c.Message)
	}
	s.storeIsJudged(store.Name, status.CurrentStatus)
	s.storeBecomes(store, v1alpha1.ConditionLeastPrivilege, metav1.ConditionFalse, v1alpha1.ReasonMayOverwrite)
	want := v1alpha1.BackupStoreFindings{
		WritesOnce: "Yes", MultipartOnce: "Unknown", ReadsBack: "Yes", Lists: "No", Versioning: "Unknown", Encryption: "None", ObjectLock: "Unknown", MayOverwrite: "Yes", MayDelete: "No",
	}
	if diff := cmp.Diff(want, *store.Status.Found); diff != "" {
		t.Errorf("found (-want +got):\n%s", diff)
	}
	object := storecheck.Object("eu", string(store.UID))
	if diff := cmp.Diff([]string{object}, s.everything("keys")); diff != "" {
		t.Errorf("in the bucket (-want +got):\n%s", diff)
	}
	policy := &networkingv1.NetworkPolicy{}
	s.is("keys-check", policy)
	if !metav1.IsControlledBy(policy, store) || len(policy.Spec.PolicyTypes) != 2 {
		t.Errorf("the way to the store is %+v", policy)
	}
	s.settle(quiet)
	s.silent(quiet)

	first := *store.Status.LastCheck
	told := store.Status.Conditions
	s.timePasses(store, time.Hour)
	s.checkedAgain(store, first.Job)
	if diff := cmp.Diff(told, store.Status.Conditions); diff != "" {
		t.Errorf("conditions after another check (-before +after):\n%s", diff)
	}
	if !store.Status.LastPassed.Equal(&store.Status.LastCheck.Time) || store.Status.LastCheck.Time.Before(&first.Time) {
		t.Errorf("on record is %+v, passed at %s", store.Status.LastCheck, store.Status.LastPassed)
	}
	if diff := cmp.Diff([]string{object}, s.everything("keys")); diff != "" {
		t.Errorf("in the bucket after another check (-want +got):\n%s", diff)
	}
	s.settle(quiet)
	s.silent(quiet)
	s.silentAfterRestart()

	s.must(env.Admin.Delete(s.Context(), store))
	s.gone("keys-check", &networkingv1.NetworkPolicy{})
	s.gone(first.Job, &batchv1.Job{})
}

func TestAStoreSaysWhatIsWrongWithItUntilItIsMended(t *testing.T) {
	s := tellOfCopies(t)
	wrong := s.server.Store
	wrong.SecretKey = "not-the-one"
	store := s.store("keys", wrong)
	c := s.storeBecomes(store, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonCheckFailed)
	if !strings.Contains(c.Message, "the secret access key is not that of the access key; see secretAccessKey in the credentials' Secret") || !store.Status.LastCheck.Failed {
		t.Errorf("it fails: %s; on record is %+v", c.Message, store.Status.LastCheck)
	}
	s.storeHears("Warning CheckFailed")

	// The same Secret is mended, which the operator cannot see.
	secret := &corev1.Secret{}
	s.is("keys-credentials", secret)
	secret.StringData = map[string]string{"secretAccessKey": s.server.SecretKey}
	s.must(env.Admin.Update(s.Context(), secret))
	s.settle(quiet)
	s.timePasses(store, 5*time.Minute)
	s.storeIsReady(store)
	s.storeHears("Normal Checked")
	s.storeBecomes(store, v1alpha1.ConditionLeastPrivilege, metav1.ConditionFalse, v1alpha1.ReasonMayDelete)

	// A change of the spec is checked at once.
	s.editStore(store, func(spec *v1alpha1.PeerBackupStoreSpec) { spec.Bucket = "none-of-this-name" })
	if c := s.storeBecomes(store, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonCheckFailed); !strings.Contains(c.Message, "there is no such bucket; create it") {
		t.Errorf("it fails: %s", c.Message)
	}
	s.editStore(store, func(spec *v1alpha1.PeerBackupStoreSpec) {
		spec.Bucket, spec.ObjectLock = "keys", &v1alpha1.BackupStoreLock{Mode: v1alpha1.LockCompliance, Period: "720h"}
	})
	s.storeBecomes(store, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonObjectLockMissing)
	s.storeIsJudged(store.Name, status.FailedStatus)
	s.editStore(store, func(spec *v1alpha1.PeerBackupStoreSpec) {
		spec.ObjectLock, spec.Recipients = nil, []string{s.holder.Recipient().String()}
	})
	s.storeIsReady(store)
	if store.Status.Found.MultipartOnce != v1alpha1.StoreYes {
		t.Errorf("of a store for data is found %+v", store.Status.Found)
	}
}

func TestASecretThatAStoreLacksIsNamed(t *testing.T) {
	s := tellOfCopies(t)
	store := s.store("keys", s.server.Store)
	s.editStore(store, func(spec *v1alpha1.PeerBackupStoreSpec) { spec.Credentials.SecretName = "forgotten" })
	c := s.storeBecomes(store, v1alpha1.ConditionReady, metav1.ConditionUnknown, v1alpha1.ReasonWaitingForCheck)
	name, _, _ := strings.Cut(strings.TrimPrefix(c.Message, "Job "), " ")
	if !strings.Contains(c.Message, "once Secret forgotten and ConfigMap s3-ca are there") {
		t.Errorf("it waits: %s", c.Message)
	}
	s.patch(name, &batchv1.Job{}, `{"spec":{"activeDeadlineSeconds":1}}`) // Nobody waits for five minutes.
	c = s.storeBecomes(store, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonCheckFailed)
	if !strings.Contains(c.Message, "it came to no end in five minutes; look whether Secret forgotten and ConfigMap s3-ca are there") {
		t.Errorf("it fails: %s", c.Message)
	}
	s.credentials("forgotten", s.server.Store)
	s.timePasses(store, 5*time.Minute)
	s.storeIsReady(store)
}

// storeHears waits for an event about the store.
func (s *copyStory) storeHears(want string) {
	s.Helper()
	s.eventually(func() error {
		list := &corev1.EventList{}
		if err := env.Admin.List(s.Context(), list, client.InNamespace(s.ns)); err != nil {
			return err
		}
		var heard []string
		for _, e := range list.Items {
			if e.InvolvedObject.Kind == "PeerBackupStore" {
				heard = append(heard, e.Type+" "+e.Reason)
			}
		}
		if !slices.Contains(heard, want) {
			return fmt.Errorf("heard is %v, want %s", heard, want)
		}
		return nil
	})
}

// storeIsJudged waits until the library by which Flux and others judge says so.
func (s *story) storeIsJudged(name string, want status.Status) {
	s.Helper()
	u := &unstructured.Unstructured{}
	u.SetGroupVersionKind(v1alpha1.SchemeGroupVersion.WithKind("PeerBackupStore"))
	s.eventually(func() error {
		if err := s.get(name, u); err != nil {
			return err
		}
		got, err := status.Compute(u)
		if err != nil {
			return err
		}
		if got.Status != want {
			return fmt.Errorf("kstatus says %s (%s), want %s", got.Status, got.Message, want)
		}
		return nil
	})
}
