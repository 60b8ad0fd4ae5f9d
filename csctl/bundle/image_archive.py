"""One image of a bundle as `docker load` takes it: an archive made while it is read."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from csctl.bundle import archive, layout, oci
from csctl.bundle.archive import Bundle
from csctl.bundle.layout import Member
from csctl.bundle.manifest import Image
from csctl.reference import ImageReference

_CHUNK = 1 << 20


class ImageArchive:
    """The bytes of the archive, once; `done` of `total` are read."""

    def __init__(self, bundle: Bundle, image: Image, name: ImageReference) -> None:
        """`name` is what the Engine is to call the image.

        Layers that the bundle leaves out are left out here as well.
        """
        self.done = 0
        self.stopped = False
        """Set by another thread to end it."""
        self._bundle = bundle
        named = msgspec.structs.replace(image, reference=str(name))
        sizes = {f"sha256:{one.sha256}": one.size for one in bundle.manifest.files}
        self._documents = oci.documents([named], sizes)
        blobs = dict.fromkeys(
            oci.blob_path(digest)
            for digest in (image.digest, image.config, *_layers(image))
        )
        self._plan = layout.plan_members(
            [(name, len(data)) for name, data in self._documents.items()]
            + [
                (name, bundle.range(name)[1])
                for name in blobs
                if name in bundle.members
            ]
        )

    @property
    def total(self) -> int:
        """The bytes of the whole archive."""
        return self._plan.total

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._chunks():
            if self.stopped:
                return
            if chunk:  # An empty one would end a request that is sent in chunks.
                self.done += len(chunk)
                yield chunk

    def _chunks(self) -> Iterator[bytes]:
        for member in self._plan.members:
            yield layout.header(_inside(member), self._bundle.manifest.created)
            yield from self._data(member)
            yield bytes(layout.padded(member.size) - member.size)
        yield layout.END

    def _data(self, member: Member) -> Iterator[bytes]:
        if member.path in self._documents:
            yield self._documents[member.path]
            return
        offset, size = self._bundle.range(member.path)
        for begin in range(offset, offset + size, _CHUNK):
            count = min(_CHUNK, offset + size - begin)
            yield archive.read_at(self._bundle.fd, count, begin, member.path)


def _layers(image: Image) -> Iterator[str]:
    return (layer.digest for layer in image.layers)


def _inside(member: Member) -> Member:
    """A member as it is called in the archive, which begins at `image/`."""
    return Member(
        path=member.path.removeprefix("image/"),
        size=member.size,
        offset_of_header=member.offset_of_header,
        offset_of_data=member.offset_of_data,
    )
