import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import { faultText } from '../../../../shared/ota/updaterFault.ts'
import type { PackageRecord } from '../../../../shared/ota/updaterParts.ts'
import { folderOfVersion } from '../../../protocols/updater/version.ts'
import { isExpired } from '../../../protocols/updater/stages.ts'
import type { DeployEnd } from './deploy.ts'
import { deployDepsOf, showEnd } from './installPackage.ts'
import { recoverDeployment } from './recoverDeployment.ts'
import type { UpdaterDesk } from './updaterDesk.ts'

/** First the device, whose versions must agree with themselves, then the package. */
export async function heal(desk: UpdaterDesk, signal: AbortSignal, isStateKnown: boolean): Promise<void> {
  const record = desk.record()
  // It makes room; what cannot be taken away keeps nobody from healing the device.
  if (isStateKnown) await desk.shelf.keepOnly(record?.request.package_name).catch((error: unknown) => { signal.throwIfAborted(); desk.log(`what earlier downloads left stays: ${faultText(error)}`) })
  let deployment: DeployEnd | undefined
  try {
    const recovered = await recoverDeployment({ ...deployDepsOf(desk), tell: desk.log, progress: () => undefined, recoverLinks: desk.device.recoverLinks }, signal)
    recovered.mended.forEach(desk.log)
    deployment = recovered.deployment
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof WorkbenchError)) throw error
    deployment = { kind: 'failed', error: faultText(error), level: 'person', running: undefined }
  }
  if (deployment) { await told(desk, record, deployment); return }
  if (record) await healPackage(desk, record, signal)
}

async function told(desk: UpdaterDesk, record: PackageRecord | undefined, end: DeployEnd): Promise<void> {
  if (end.kind === 'failed') { await showEnd(desk, record, end); return }
  await forget(desk, record)
  desk.log(`version ${end.version} was installed before the interruption, and it is well`)
  desk.show({ stage: 'success', progress: 100, message: `Version ${end.version} is installed`, error: null })
}

async function healPackage(desk: UpdaterDesk, record: PackageRecord, signal: AbortSignal): Promise<void> {
  const { request, stage, bytesDownloaded, verifiedAtMs } = record
  const idle = async (why: string): Promise<void> => {
    desk.log(why)
    await forget(desk, record)
    desk.show({ stage: 'idle', progress: 0, message: 'Idle', error: null })
  }
  if (bytesDownloaded > request.package_size) return idle('the state says more bytes than the package has; both are gone')
  if (verifiedAtMs !== undefined && isExpired(verifiedAtMs, desk.clock.wallMs())) return idle('the package was verified more than 24 hours ago; it is gone')
  switch (stage) {
    case 'installing':
    case 'rebooting': return healInstalling(desk, record, idle, signal)
    case 'failed':
      desk.show({ stage: 'failed', progress: 0, message: 'Failed; ready for retry', error: record.error ?? 'the last update failed' })
      return
    case 'toInstall': {
      const why = await desk.shelf.verify(request, signal).then(() => undefined, (error: unknown) => { signal.throwIfAborted(); return faultText(error) })
      if (why !== undefined || verifiedAtMs === undefined) return idle(`the package does not verify any more (${why ?? 'nobody knows when it was verified'}); it is gone`)
      desk.show({ stage: 'toInstall', progress: 100, message: `Version ${request.version} is ready to install`, error: null })
      return
    }
    case 'downloading':
    case 'verifying': return idle(`${stage} was interrupted; what was there is gone`)
    case 'idle':
    case 'success': return idle('a package was left over; it is gone')
  }
}

/** No journal: it was interrupted before anything was touched, or after everything was done. */
async function healInstalling(desk: UpdaterDesk, record: PackageRecord, idle: (why: string) => Promise<void>, signal: AbortSignal): Promise<void> {
  const { version } = record.request
  const { current } = await desk.device.snapshots.links(signal)
  if (current === folderOfVersion(version)) return idle(`version ${version} is in place`)
  await showEnd(desk, record, { kind: 'failed', error: 'UPDATE_FAILED: it was interrupted before anything was changed', level: 0, running: current })
}

async function forget(desk: UpdaterDesk, record: PackageRecord | undefined): Promise<void> {
  if (record) await desk.shelf.remove(record.request.package_name)
  await desk.remember(undefined)
}
