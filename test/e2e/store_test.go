// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/peernode/operator/test/s3"
)

// nameOfStore is that of all objects of a store, whose pods have the label app.
const nameOfStore = "s3"

// newStore runs a store of S3 in a namespace, with a certificate of its own and with buckets. The endpoint is for pods;
// the store can be asked from here as well.
func newStore(t *testing.T, ns string, buckets ...string) s3.Store {
	t.Helper()
	host := nameOfStore + "." + ns + ".svc"
	store := s3.Store{Endpoint: "https://" + host + ":9000", AccessKey: "root", SecretKey: rand.Text()}
	store.CA = certified(t, ns, nameOfStore, host)
	for _, o := range storeObjects(ns, store) {
		must(t, admin.Create(t.Context(), o))
	}
	eventually(t, func() error {
		pods := &corev1.PodList{}
		if err := admin.List(t.Context(), pods, client.InNamespace(ns), client.MatchingLabels{"app": nameOfStore}); err != nil {
			return err
		}
		if len(pods.Items) != 1 || !serves(&pods.Items[0]) {
			return errors.New("the store does not serve yet")
		}
		store.Via = pods.Items[0].Status.PodIP + ":9000"
		return nil
	})
	for _, bucket := range buckets {
		must(t, store.CreateBucket(t.Context(), bucket))
	}
	return store
}

// certified has cert-manager put a certificate for a host into a Secret, and returns what it is to be known by.
func certified(t *testing.T, ns, name, host string) []byte {
	t.Helper()
	for kind, spec := range map[string]map[string]any{
		"Issuer": {"selfSigned": map[string]any{}},
		"Certificate": {
			"secretName": name + "-tls", "dnsNames": []any{host}, "isCA": true, "usages": []any{"server auth", "cert sign"},
			"privateKey": map[string]any{"algorithm": "ECDSA"}, "issuerRef": map[string]any{"name": name},
		},
	} {
		o := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "cert-manager.io/v1", "kind": kind, "spec": spec}}
		o.SetNamespace(ns)
		o.SetName(name)
		must(t, admin.Create(t.Context(), o))
	}
	secret := &corev1.Secret{}
	eventually(t, func() error {
		return admin.Get(t.Context(), client.ObjectKey{Namespace: ns, Name: name + "-tls"}, secret)
	})
	return secret.Data["ca.crt"]
}

func storeObjects(ns string, store s3.Store) []client.Object {
	meta := metav1.ObjectMeta{Namespace: ns, Name: nameOfStore, Labels: map[string]string{"app": nameOfStore}}
	return []client.Object{
		&corev1.Secret{ObjectMeta: meta, StringData: map[string]string{"accessKeyID": store.AccessKey, "secretAccessKey": store.SecretKey}},
		&corev1.Service{ObjectMeta: meta, Spec: corev1.ServiceSpec{Selector: meta.Labels, Ports: []corev1.ServicePort{{Port: 9000}}}},
		&appsv1.Deployment{ObjectMeta: meta, Spec: appsv1.DeploymentSpec{
			Selector: &metav1.LabelSelector{MatchLabels: meta.Labels},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: meta.Labels}, Spec: storePod()},
		}},
	}
}

func storePod() corev1.PodSpec {
	key := func(name string) *corev1.EnvVarSource {
		return &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{LocalObjectReference: corev1.LocalObjectReference{Name: nameOfStore}, Key: name}}
	}
	return restrictedPod(corev1.Container{
		Name: nameOfStore, Image: imageS3,
		Args: []string{
			"--port", ":9000", "--cert", "/tls/tls.crt", "--key", "/tls/tls.key", "--health", "/health",
			"posix", "--sidecar", "/metadata", "/buckets",
		},
		Env: []corev1.EnvVar{{Name: "ROOT_ACCESS_KEY_ID", ValueFrom: key("accessKeyID")}, {Name: "ROOT_SECRET_ACCESS_KEY", ValueFrom: key("secretAccessKey")}},
		ReadinessProbe: &corev1.Probe{PeriodSeconds: 1, ProbeHandler: corev1.ProbeHandler{
			HTTPGet: &corev1.HTTPGetAction{Path: "/health", Port: intstr.FromInt32(9000), Scheme: corev1.URISchemeHTTPS},
		}},
	}, map[string]corev1.VolumeSource{
		"/tls": ofSecret(nameOfStore + "-tls"), "/buckets": {EmptyDir: &corev1.EmptyDirVolumeSource{}}, "/metadata": {EmptyDir: &corev1.EmptyDirVolumeSource{}},
	})
}

func ofSecret(name string) corev1.VolumeSource {
	return corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: name}}
}

// restrictedPod runs a container under the strictest pod security, without a token, and with volumes by their paths.
func restrictedPod(c corev1.Container, volumes map[string]corev1.VolumeSource) corev1.PodSpec {
	c.SecurityContext = &corev1.SecurityContext{
		AllowPrivilegeEscalation: new(false), ReadOnlyRootFilesystem: new(true), Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
	}
	spec := corev1.PodSpec{
		AutomountServiceAccountToken: new(false), EnableServiceLinks: new(false), TerminationGracePeriodSeconds: new(int64(1)),
		SecurityContext: &corev1.PodSecurityContext{
			RunAsNonRoot: new(true), RunAsUser: new(int64(65532)), RunAsGroup: new(int64(65532)), FSGroup: new(int64(65532)),
			SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
		},
	}
	for path, source := range volumes {
		name := strings.Trim(strings.ReplaceAll(path, "/", "-"), "-")
		c.VolumeMounts = append(c.VolumeMounts, corev1.VolumeMount{Name: name, MountPath: path})
		spec.Volumes = append(spec.Volumes, corev1.Volume{Name: name, VolumeSource: source})
	}
	spec.Containers = []corev1.Container{c}
	return spec
}

// lastWords waits until the one container of a pod has ended, and returns what it left behind.
func lastWords(t *testing.T, pod *corev1.Pod) string {
	t.Helper()
	var ended *corev1.ContainerStateTerminated
	eventually(t, func() error {
		if err := admin.Get(t.Context(), client.ObjectKeyFromObject(pod), pod); err != nil {
			return err
		}
		if len(pod.Status.ContainerStatuses) == 1 {
			ended = pod.Status.ContainerStatuses[0].State.Terminated
		}
		if ended == nil {
			return fmt.Errorf("pod %s is %s", pod.Name, pod.Status.Phase)
		}
		return nil
	})
	return ended.Message
}
