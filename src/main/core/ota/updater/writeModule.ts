import type { DeviceFs, DevicePath } from '../../../../shared/devices/deviceFs.ts'
import { parentOf } from '../../../../shared/devices/devicePath.ts'
import type { NewDigest } from '../../../../shared/ota/digest.ts'
import { updaterFault } from '../../../../shared/ota/updaterFault.ts'
import type { PackageModule } from '../../../protocols/updater/manifest.ts'
import { hashOf, tmpOf } from '../deviceFiles.ts'
import type { OpenPackage } from '../../../../shared/ota/openPackage.ts'
import type { SnapshotFile } from '../../../../shared/ota/snapshot.schema.ts'

/** Beside its place, with its rights, durable, then under its name; and read back before it counts. */
export async function writeModule(contents: Pick<OpenPackage, 'entry' | 'read'>, module: Pick<PackageModule, 'name' | 'src' | 'path' | 'md5' | 'sha256'>, path: DevicePath, { fs, newDigest }: { readonly fs: DeviceFs; readonly newDigest: NewDigest }, signal: AbortSignal): Promise<SnapshotFile> {
  const mode = contents.entry(module.src)?.mode ?? 0o644
  const [sha256, md5] = [newDigest('sha256'), newDigest('md5')]
  let sizeBytes = 0
  async function* measured(): AsyncGenerator<Uint8Array, void, void> {
    for await (const piece of contents.read(module.src, signal)) {
      sha256.update(piece)
      if (module.md5 !== undefined) md5.update(piece)
      sizeBytes += piece.length
      yield piece
    }
  }
  const tmp = tmpOf(path)
  await fs.write(tmp, measured(), signal, { mode })
  const hash = sha256.hex()
  if (module.sha256 !== undefined && module.sha256 !== hash) throw updaterFault('SHA256_MISMATCH', `${module.name}: expected ${module.sha256}, got ${hash}`)
  const sum = module.md5 === undefined ? undefined : md5.hex()
  if (module.md5 !== sum) throw updaterFault('MD5_MISMATCH', `${module.name}: expected ${module.md5 ?? ''}, got ${sum ?? ''}`)
  // The rights of a new file go through the mask of the process that makes it.
  if (fs.abilities.modes) await fs.chmod(tmp, mode, signal)
  await fs.sync(tmp, signal)
  await fs.rename(tmp, path, signal)
  await fs.sync(parentOf(path), signal)
  const facts = await fs.stat(path, signal)
  if (facts?.kind !== 'file' || facts.size !== sizeBytes || await hashOf(fs, path, newDigest, signal) !== hash) {
    throw updaterFault('DEPLOYMENT_FAILED', `${module.name} reads back differently from what was written`, { context: { path } })
  }
  return { path: module.path, sha256: hash, size: sizeBytes, mode }
}
