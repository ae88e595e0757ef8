// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"archive/tar"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// pauseSpec is the image that holds pods' namespaces.
func pauseSpec(bin string) ImageSpec {
	return ImageSpec{Name: pauseImage, Binaries: []string{filepath.Join(bin, "pause")}}
}

// loadPause makes the pause image known to containerd, which cannot start a pod without.
func (n *FullNode) loadPause(ctx context.Context) error {
	image, err := BuildImage(pauseSpec(n.bin))
	if err != nil {
		return err
	}
	return n.LoadImage(ctx, image)
}

// LoadImage gives an image to the node. Pods can use it by its name and by its Reference, with imagePullPolicy IfNotPresent or Never.
func (n *FullNode) LoadImage(ctx context.Context, image *Image) error {
	file, err := os.CreateTemp("", "peernode-image-*.tar")
	if err != nil {
		return fmt.Errorf("load image %s: %w", image.Name, err)
	}
	defer os.Remove(file.Name())
	defer file.Close()
	if err := image.WriteArchive(file); err != nil {
		return err
	}
	if err := n.ctr(ctx, "images", "import", "--local", file.Name()); err != nil {
		return fmt.Errorf("load image %s: %w", image.Name, err)
	}
	// The kubelet asks for exactly the name in the pod, so the digest has to be a name too.
	if err := n.ctr(ctx, "images", "tag", "--local", "--force", image.Name, image.Reference()); err != nil {
		return fmt.Errorf("load image %s: %w", image.Name, err)
	}
	return nil
}

// WriteArchive writes the image as an OCI layout in a tar archive, as container engines import it.
func (i *Image) WriteArchive(w io.Writer) error {
	blobs, err := i.blobs()
	if err != nil {
		return fmt.Errorf("archive image %s: %w", i.Name, err)
	}
	archive := tar.NewWriter(w)
	for _, name := range sortedKeys(blobs) {
		data := blobs[name]
		if err := archive.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: int64(len(data)), ModTime: epoch}); err != nil {
			return fmt.Errorf("archive image %s: %w", i.Name, err)
		}
		if _, err := archive.Write(data); err != nil {
			return fmt.Errorf("archive image %s: %w", i.Name, err)
		}
	}
	if err := archive.Close(); err != nil {
		return fmt.Errorf("archive image %s: %w", i.Name, err)
	}
	return nil
}

// blobs are all files of the OCI layout.
func (i *Image) blobs() (map[string][]byte, error) {
	manifest, err := i.image.RawManifest()
	if err != nil {
		return nil, fmt.Errorf("manifest: %w", err)
	}
	config, err := i.image.RawConfigFile()
	if err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	configName, err := i.image.ConfigName()
	if err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	digest, err := v1.NewHash(i.Digest)
	if err != nil {
		return nil, fmt.Errorf("digest: %w", err)
	}
	index, err := json.Marshal(v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex, Manifests: []v1.Descriptor{{
		MediaType: types.OCIManifestSchema1, Digest: digest, Size: int64(len(manifest)),
		Annotations: map[string]string{"io.containerd.image.name": i.Name},
	}}})
	if err != nil {
		return nil, fmt.Errorf("index: %w", err)
	}
	files := map[string][]byte{
		"oci-layout": []byte(`{"imageLayoutVersion":"1.0.0"}`), "index.json": index, blobPath(digest): manifest, blobPath(configName): config,
	}
	layers, err := i.image.Layers()
	if err != nil {
		return nil, fmt.Errorf("layers: %w", err)
	}
	for _, layer := range layers {
		if err := addLayer(files, layer); err != nil {
			return nil, err
		}
	}
	return files, nil
}

func addLayer(files map[string][]byte, layer v1.Layer) error {
	digest, err := layer.Digest()
	if err != nil {
		return fmt.Errorf("layer: %w", err)
	}
	reader, err := layer.Compressed()
	if err != nil {
		return fmt.Errorf("layer: %w", err)
	}
	defer reader.Close()
	if files[blobPath(digest)], err = io.ReadAll(reader); err != nil {
		return fmt.Errorf("layer: %w", err)
	}
	return nil
}

func blobPath(digest v1.Hash) string { return "blobs/" + digest.Algorithm + "/" + digest.Hex }

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
