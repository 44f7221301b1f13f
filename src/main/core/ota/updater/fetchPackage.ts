import type { DownloadRequest } from '../../../../shared/ota/updater.schema.ts'
import { faultText, updaterCodeOf } from '../../../../shared/ota/updaterFault.ts'
import type { PackageRecord } from '../../../../shared/ota/updaterParts.ts'
import type { UpdaterDesk } from './updaterDesk.ts'

const stepPercent = 5

/** The whole file on the disk, then its hash; a beginning of the very same package is continued. */
export async function fetchPackage(desk: UpdaterDesk, request: DownloadRequest, known: PackageRecord | undefined, signal: AbortSignal): Promise<void> {
  const { shelf, clock } = desk
  const name = request.package_name
  const base: PackageRecord = { request, bytesDownloaded: 0, stage: 'downloading', verifiedAtMs: undefined, error: undefined }
  // Before the first wait: whoever asks next finds it under way.
  desk.show({ stage: 'downloading', progress: 0, message: 'Downloading package...', error: null })
  try {
    await shelf.keepOnly(known ? name : undefined)
    const found = known ? await shelf.sizeOf(name) ?? 0 : 0
    const fromBytes = found <= request.package_size ? found : 0
    await desk.remember({ ...base, bytesDownloaded: fromBytes })
    if (fromBytes < request.package_size) await shelf.fetch(request, fromBytes, progressOf(desk, base), signal)
    desk.show({ stage: 'verifying', progress: 100, message: 'Verifying package...' })
    await desk.remember({ ...base, stage: 'verifying', bytesDownloaded: request.package_size })
    await shelf.verify(request, signal)
    await desk.remember({ ...base, stage: 'toInstall', bytesDownloaded: request.package_size, verifiedAtMs: clock.wallMs() })
    desk.show({ stage: 'toInstall', progress: 100, message: `Version ${request.version} is ready to install` })
  } catch (error) {
    signal.throwIfAborted()
    await noPackage(desk, base, error)
  }
}

/** On the disk and to whoever listens at each step; the bytes between cost neither. */
function progressOf(desk: UpdaterDesk, base: PackageRecord): (bytes: number) => void {
  const total = base.request.package_size
  let lastStep = -1
  return (bytes) => {
    const percent = Math.floor((100 * bytes) / total)
    const step = Math.floor(percent / stepPercent)
    if (step === lastStep) return
    lastStep = step
    // Not waited for: a slow disk for the state must not slow the package.
    desk.remember({ ...base, bytesDownloaded: bytes }).catch((error: unknown) => { desk.log(faultText(error)) })
    desk.show({ progress: percent, message: `Downloading package... ${megabytes(bytes)} / ${megabytes(total)}` })
  }
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`

/** What is left depends on what went wrong: a beginning that is right is kept, everything else goes. */
async function noPackage(desk: UpdaterDesk, base: PackageRecord, error: unknown): Promise<void> {
  const text = faultText(error)
  const code = updaterCodeOf(error)
  const name = base.request.package_name
  if (code === 'INCOMPLETE_DOWNLOAD' || code === 'PACKAGE_SIZE_MISMATCH') {
    await desk.shelf.remove(name)
    await desk.remember(undefined)
  } else if (code === 'DOWNLOAD_FAILED') {
    await desk.remember({ ...base, stage: 'failed', bytesDownloaded: Math.min(await desk.shelf.sizeOf(name) ?? 0, base.request.package_size), error: text })
  } else {
    await desk.shelf.remove(name)
    await desk.remember({ ...base, stage: 'failed', error: text })
  }
  const isWrongContent = code === 'MD5_MISMATCH' || code === 'SHA256_MISMATCH'
  desk.show({ stage: 'failed', error: text, message: 'Failed', ...(isWrongContent ? { progress: 100 } : {}) })
}
