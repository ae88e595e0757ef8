// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/mutate"
)

// buildTestPod compiles the program of the test pods, static as images need it.
func buildTestPod(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "testpod")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-o", binary, "./internal/testpod")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("compile the test pod: %v\n%s", err, out)
	}
	return binary
}

// A digest is what a deployment pins, so it may depend on nothing but the content: not on time, path or owner.
func TestImagesAreReproducible(t *testing.T) {
	binary := buildTestPod(t)
	data, err := os.ReadFile(binary)
	if err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(t.TempDir(), "testpod")
	if err := os.WriteFile(copied, data, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(copied, time.Unix(1, 0), time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(config, []byte("a: b"), 0o600); err != nil {
		t.Fatal(err)
	}
	build := func(binary, entrypoint string) (string, []byte) {
		image, err := BuildImage(ImageSpec{Name: "registry.peernode.dev/testpod:a", Binaries: []string{binary},
			Files: map[string]string{"/etc/app/b": config, "/etc/a": config}, Entrypoint: []string{entrypoint}})
		if err != nil {
			t.Fatal(err)
		}
		var archive bytes.Buffer
		if err := image.WriteArchive(&archive); err != nil {
			t.Fatal(err)
		}
		return image.Digest, archive.Bytes()
	}
	firstDigest, firstArchive := build(binary, "/testpod")
	secondDigest, secondArchive := build(copied, "/testpod")
	if firstDigest != secondDigest || !bytes.Equal(firstArchive, secondArchive) {
		t.Errorf("the same content made %s and %s", firstDigest, secondDigest)
	}
	if otherDigest, _ := build(binary, "/other"); otherDigest == firstDigest {
		t.Error("another entrypoint made the same digest")
	}
}

// The operator's image holds the unsealer too, which its Deployment starts by name.
func TestSeveralProgramsAreOneImage(t *testing.T) {
	first := buildTestPod(t)
	second := filepath.Join(t.TempDir(), "second")
	if err := os.Link(first, second); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		spec       ImageSpec
		entrypoint string
	}{
		"the first is started":            {ImageSpec{Binaries: []string{first, second}}, "/testpod"},
		"order tells which is the first":  {ImageSpec{Binaries: []string{second, first}}, "/second"},
		"another one is started if asked": {ImageSpec{Binaries: []string{first, second}, Entrypoint: []string{"/second"}}, "/second"},
	} {
		t.Run(name, func(t *testing.T) {
			test.spec.Name = "registry.peernode.dev/testpod:a"
			image, err := BuildImage(test.spec)
			if err != nil {
				t.Fatal(err)
			}
			config, err := image.image.ConfigFile()
			if err != nil {
				t.Fatal(err)
			}
			if got := config.Config.Entrypoint; !slices.Equal(got, []string{test.entrypoint}) || config.Config.User != "65532:65532" {
				t.Errorf("the image starts %v as %s, want %s as 65532:65532", got, config.Config.User, test.entrypoint)
			}
			if got, want := programsIn(t, image), []string{"second", "testpod"}; !slices.Equal(got, want) {
				t.Errorf("the image holds the programs %v, want %v", got, want)
			}
		})
	}
}

// programsIn lists the files of an image that anybody may run, in alphabetical order.
func programsIn(t *testing.T, image *Image) []string {
	t.Helper()
	files := mutate.Extract(image.image)
	defer files.Close()
	var names []string
	for archive := tar.NewReader(files); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			slices.Sort(names)
			return names
		}
		if err != nil {
			t.Fatal(err)
		}
		if header.Mode&0o111 == 0o111 {
			names = append(names, header.Name)
		}
	}
}

func TestBuildImageRefuses(t *testing.T) {
	script := filepath.Join(t.TempDir(), "script")
	if err := os.WriteFile(script, []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		spec ImageSpec
		want string
	}{
		"an image without a program":    {ImageSpec{Name: "a:b"}, "has no program"},
		"a name without a tag":          {ImageSpec{Name: "registry:5000/a", Binaries: []string{script}}, "has no tag"},
		"a program that is none":        {ImageSpec{Name: "a:b", Binaries: []string{script}}, "is not a Linux program"},
		"a program that needs a loader": {ImageSpec{Name: "a:b", Binaries: []string{"/bin/sh"}}, "linked dynamically"},
		"a program that does not exist": {ImageSpec{Name: "a:b", Binaries: []string{script + "x"}}, "no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := BuildImage(test.spec); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got error %v, want one with %q", err, test.want)
			}
		})
	}
}
