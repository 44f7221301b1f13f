import { faultText } from '../../../../shared/ota/updaterFault.ts'
import type { PackageRecord } from '../../../../shared/ota/updaterParts.ts'
import { deploy, type DeployDeps, type DeployEnd } from './deploy.ts'
import { versionOfFolder } from '../../../protocols/updater/version.ts'
import type { RollbackLevel } from './rollback.ts'
import type { UpdaterDesk } from './updaterDesk.ts'

/** How a deployment speaks through an updater. A process that ends in the middle starts again and finds its journal. */
export const deployDepsOf = (desk: UpdaterDesk): DeployDeps => ({
  ...desk.device,
  onCancel: 'journal',
  progress: (percent, message) => { desk.show({ progress: percent, message }) },
  tell: (line) => { desk.show({ message: line.slice(0, 4000) }) },
})

/** The verified package, whatever becomes of it. */
export async function installPackage(desk: UpdaterDesk, record: PackageRecord, signal: AbortSignal): Promise<void> {
  const { request } = record
  await desk.remember({ ...record, stage: 'installing' })
  let end: DeployEnd
  try {
    // A day may have passed since it was verified, and a disk may have changed it.
    await desk.shelf.verify(request, signal)
    const contents = await desk.openPackage(desk.shelf.pathOf(request.package_name), signal)
    try {
      end = await deploy(contents, request.version, deployDepsOf(desk), signal)
    } finally {
      await contents.close()
    }
  } catch (error) {
    signal.throwIfAborted()
    end = { kind: 'failed', error: `DEPLOYMENT_FAILED: ${faultText(error)}`, level: 0, running: undefined }
  }
  await showEnd(desk, record, end)
}

/** What runs after a failure, without a version that ran on being called the one before. */
export function leftWith({ level, running }: { readonly level: RollbackLevel; readonly running: string | undefined }): string {
  if (level === 'person') return 'somebody has to look at it'
  const version = versionOfFolder(running ?? '') ?? running
  if (level === 0) return version === undefined ? 'nothing was changed' : `${version} runs, as before`
  return version === undefined ? 'the version before runs' : `${version} runs again`
}

export async function showEnd(desk: UpdaterDesk, record: PackageRecord | undefined, end: DeployEnd): Promise<void> {
  if (end.kind === 'failed') {
    // Also after a rollback that went well: what was wanted did not happen.
    if (record) await desk.remember({ ...record, stage: 'failed', verifiedAtMs: undefined, error: end.error.slice(0, 8000) })
    desk.show({ stage: 'failed', error: end.error.slice(0, 8000), message: `Failed; ${leftWith(end)}` })
    return
  }
  if (record) await desk.shelf.remove(record.request.package_name)
  await desk.remember(undefined)
  desk.show({ stage: 'success', progress: 100, message: `Version ${end.version} is installed`, error: null })
}
