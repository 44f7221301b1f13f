import type { DeviceFs, DevicePath } from '../../../../shared/devices/deviceFs.ts'
import { joined } from '../../../../shared/devices/devicePath.ts'
import type { SnapshotMarker } from '../../../../shared/ota/snapshot.schema.ts'

/** Beside the versions: room that the way back needs on a disk that fills up meanwhile. */
export const spareRoomName = '.room'
/** A journal of the links and what a file system keeps for new names; far more than both. */
const leastBytes = 128 * 1024
const pieceBytes = 64 * 1024

/** Before any service stops. Fails with `device/no-space` while that still changes nothing. */
export async function keepSpareRoom(fs: DeviceFs, folder: DevicePath, moreBytes: number, signal: AbortSignal): Promise<void> {
  const path = joined(folder, spareRoomName)
  await fs.write(path, pieces(leastBytes + moreBytes), signal, { mode: 0o600 })
  await fs.sync(path, signal)
}

export async function freeSpareRoom(fs: DeviceFs, folder: DevicePath, signal: AbortSignal): Promise<void> {
  const path = joined(folder, spareRoomName)
  if (await fs.stat(path, signal)) await fs.remove(path, signal)
}

/** What the running version has outside of its folder is put there once more on the way back. */
export const outsideBytesOf = (marker: SnapshotMarker | undefined): number =>
  (marker?.files ?? []).reduce((sum, { path, size }) => sum + (marker?.outside?.includes(path) === true ? size : 0), 0)

/** No two blocks alike, because some file systems keep what repeats in no room at all. */
function* pieces(bytes: number): Generator<Uint8Array> {
  let state = 0x9e3779b9
  for (let left = bytes; left > 0; left -= pieceBytes) {
    const words = new Uint32Array(pieceBytes / 4)
    for (let index = 0; index < words.length; index += 1) {
      state ^= state << 13
      state ^= state >>> 17
      state ^= state << 5
      words[index] = state
    }
    yield new Uint8Array(words.buffer).subarray(0, Math.min(left, pieceBytes))
  }
}
