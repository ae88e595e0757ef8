// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"archive/tar"
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"runtime"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// imageUser is the numeric non-root user that images run as unless told otherwise.
const imageUser = "65532:65532"

// epoch is the time of everything in an image, so that the same files always make the same digest.
var epoch = time.Unix(0, 0).UTC()

// ImageSpec says what an image consists of. It has no base: its programs must be static.
type ImageSpec struct {
	// Name is repository and tag, such as registry.peernode.dev/p2p-agent:dev.
	Name string
	// Binaries are paths of static programs; each becomes one layer, as /NAME.
	Binaries []string
	// Files are further files: the path in the image, and the path here.
	Files map[string]string
	// Entrypoint defaults to the first binary.
	Entrypoint []string
	// User is numeric UID:GID; empty means 65532:65532.
	User string
	// Labels are the image's labels.
	Labels map[string]string
}

// Image is an assembled image.
type Image struct {
	// Name is repository and tag.
	Name string
	// Digest is of the manifest, such as sha256:....
	Digest string
	image  v1.Image
}

// Reference is the image by its digest: repository@sha256:....
func (i *Image) Reference() string { return repository(i.Name) + "@" + i.Digest }

// BuildImage assembles an image without a registry or a container engine; the same input always has the same digest.
func BuildImage(spec ImageSpec) (*Image, error) {
	if len(spec.Binaries) == 0 {
		return nil, fmt.Errorf("image %s has no program", spec.Name)
	}
	if repository(spec.Name) == spec.Name {
		return nil, fmt.Errorf("image %q has no tag", spec.Name)
	}
	var layers []v1.Layer
	for _, binary := range spec.Binaries {
		if err := checkStatic(binary); err != nil {
			return nil, fmt.Errorf("image %s: %w", spec.Name, err)
		}
		layer, err := fileLayer("/"+path.Base(binary), binary, 0o755)
		if err != nil {
			return nil, fmt.Errorf("image %s: %w", spec.Name, err)
		}
		layers = append(layers, layer)
	}
	for _, target := range sortedKeys(spec.Files) {
		layer, err := fileLayer(target, spec.Files[target], 0o644)
		if err != nil {
			return nil, fmt.Errorf("image %s: %w", spec.Name, err)
		}
		layers = append(layers, layer)
	}
	return assemble(spec, layers)
}

// assemble stacks the layers and writes the configuration.
func assemble(spec ImageSpec, layers []v1.Layer) (*Image, error) {
	entrypoint, user := spec.Entrypoint, spec.User
	if len(entrypoint) == 0 {
		entrypoint = []string{"/" + path.Base(spec.Binaries[0])}
	}
	if user == "" {
		user = imageUser
	}
	image := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	image, err := mutate.ConfigFile(image, &v1.ConfigFile{
		Architecture: runtime.GOARCH, OS: "linux", Created: v1.Time{Time: epoch},
		RootFS: v1.RootFS{Type: "layers"},
		Config: v1.Config{Entrypoint: entrypoint, User: user, WorkingDir: "/", Env: []string{"PATH=/"}, Labels: spec.Labels},
	})
	if err != nil {
		return nil, fmt.Errorf("configure image %s: %w", spec.Name, err)
	}
	additions := make([]mutate.Addendum, len(layers))
	for i, layer := range layers {
		additions[i] = mutate.Addendum{Layer: layer, History: v1.History{Created: v1.Time{Time: epoch}, CreatedBy: "testcluster"}}
	}
	if image, err = mutate.Append(image, additions...); err != nil {
		return nil, fmt.Errorf("assemble image %s: %w", spec.Name, err)
	}
	digest, err := image.Digest()
	if err != nil {
		return nil, fmt.Errorf("digest of image %s: %w", spec.Name, err)
	}
	return &Image{Name: spec.Name, Digest: digest.String(), image: image}, nil
}

// fileLayer is an uncompressed layer of one file and its folders: nothing is transferred, so compression would only cost time.
func fileLayer(target, source string, mode int64) (v1.Layer, error) {
	data, err := os.ReadFile(source)
	if err != nil {
		return nil, fmt.Errorf("read a file for the image: %w", err)
	}
	var buffer bytes.Buffer
	archive := tar.NewWriter(&buffer)
	name := strings.TrimPrefix(path.Clean("/"+target), "/")
	for i := range name {
		if name[i] != '/' {
			continue
		}
		if err := archive.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: name[:i+1], Mode: 0o755, ModTime: epoch, Format: tar.FormatPAX}); err != nil {
			return nil, fmt.Errorf("archive %s: %w", name, err)
		}
	}
	header := &tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: mode, Size: int64(len(data)), ModTime: epoch, Format: tar.FormatPAX}
	if err := archive.WriteHeader(header); err != nil {
		return nil, fmt.Errorf("archive %s: %w", name, err)
	}
	if _, err := archive.Write(data); err != nil {
		return nil, fmt.Errorf("archive %s: %w", name, err)
	}
	if err := archive.Close(); err != nil {
		return nil, fmt.Errorf("archive %s: %w", name, err)
	}
	return static.NewLayer(buffer.Bytes(), types.OCIUncompressedLayer), nil
}

// checkStatic refuses a program that needs a loader or libraries, which the image does not have; it would fail with a puzzling "not found".
func checkStatic(binary string) error {
	file, err := elf.Open(binary)
	if err != nil {
		return fmt.Errorf("%s is not a Linux program (build it with GOOS=linux): %w", binary, err)
	}
	defer file.Close()
	for _, program := range file.Progs {
		if program.Type == elf.PT_INTERP {
			loader, _ := io.ReadAll(program.Open())
			return errors.New(binary + " is linked dynamically (it wants " + strings.TrimRight(string(loader), "\x00") + "): build it with CGO_ENABLED=0")
		}
	}
	return nil
}

// repository is an image name without its tag.
func repository(name string) string {
	slash := strings.LastIndexByte(name, '/')
	if colon := strings.LastIndexByte(name, ':'); colon > slash {
		return name[:colon]
	}
	return name
}
