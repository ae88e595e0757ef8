// SPDX-License-Identifier: Apache-2.0

package testenv

import (
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/peernode/operator/api/v1alpha1"
	"github.com/peernode/operator/pkg/handover"
	"github.com/peernode/operator/pkg/identity"
	"github.com/peernode/operator/pkg/resources"
	"github.com/peernode/operator/pkg/seal"
)

// keygen does what peer-companion keygen does with the arguments of the pod's container, and returns the last words of
// all containers. The key is among the others before anybody else has it.
func keygen(pod *corev1.Pod, keys *Keys) ([]string, error) {
	flags, err := flagsOf(pod)
	if err != nil {
		return nil, err
	}
	var to []seal.Recipient
	for _, text := range flags["recipient"] {
		recipient, err := seal.ParseRecipient(text)
		if err != nil {
			return nil, err
		}
		to = append(to, recipient)
	}
	epoch, err := strconv.ParseInt(flags.one("epoch"), 10, 64)
	if err != nil {
		return nil, err
	}
	parts := 1
	if text := flags.one("parts"); text != "" {
		if parts, err = strconv.Atoi(text); err != nil {
			return nil, err
		}
	}
	key, err := identity.New(v1alpha1.IdentityType(flags.one("type")), rand.Reader)
	if err != nil {
		return nil, err
	}
	binding := seal.Binding{Namespace: flags.one("namespace"), PeerNode: flags.one("peernode"), Role: seal.RoleIdentity, Epoch: epoch}
	keys.Add(key, binding)
	envelope, err := seal.Seal(key, binding, to)
	if err != nil {
		return nil, err
	}
	return handover.Split(envelope, parts)
}

// flags of a command line, each as --name=value.
type flags map[string][]string

func (f flags) one(name string) string {
	if values := f[name]; len(values) == 1 {
		return values[0]
	}
	return ""
}

func flagsOf(pod *corev1.Pod) (flags, error) {
	containers := slices.Concat(pod.Spec.InitContainers, pod.Spec.Containers)
	i := slices.IndexFunc(containers, func(c corev1.Container) bool { return c.Name == resources.ContainerKeygen })
	if i < 0 || len(containers[i].Args) == 0 || containers[i].Args[0] != "keygen" {
		return nil, errors.New("there is no container that makes a key")
	}
	out := flags{}
	for _, arg := range containers[i].Args[1:] {
		name, value, ok := strings.Cut(strings.TrimPrefix(arg, "--"), "=")
		if !ok {
			return nil, fmt.Errorf("the argument %s is not --name=value", arg)
		}
		out[name] = append(out[name], value)
	}
	return out, nil
}
