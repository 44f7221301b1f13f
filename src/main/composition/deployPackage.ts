import { planDeployment } from '../core/ota/updater/deploy.ts'
import { createSystemClock } from '../drivers/host/systemClock.ts'
import { measurePackage, openPackageHost, openReportSink } from '../drivers/updater/packageHost.ts'
import { openPackageZip } from '../drivers/updater/packageZip.ts'
import { createUpdaterClient, type UpdaterClient } from '../drivers/updater/updaterClient.ts'
import { type Clock, withDeadline } from '../../shared/lifecycle/clock.ts'
import { WorkbenchError } from '../../shared/errors/workbenchError.ts'
import type { UpdaterProgress, UpdaterStage } from '../../shared/ota/updater.schema.ts'

/** As the screen of an appliance asks. */
const pollMs = 500
const downloadLimitMs = 2 * 60 * 60 * 1000
const installLimitMs = 30 * 60 * 1000
/** A device that restarts its network on the way is asked again for so long. */
const mostSilenceMs = 60_000

export interface DeployRequest {
  readonly path: string
  /** `http://appliance:12315/`. */
  readonly updater: string
  /** An address of this computer that the appliance reaches; packages are served there. */
  readonly address: string
  /** Of the report sink on that address; absent: none is opened. */
  readonly reportPort?: number | undefined
  readonly clock?: Clock | undefined
  readonly tell: (progress: UpdaterProgress) => void
  readonly reported?: ((progress: UpdaterProgress) => void) | undefined
}

export interface Deployed { readonly version: string; readonly modules: number; readonly units: readonly string[]; readonly commands: readonly string[] }

/** Checks a package here, serves it, and has the updater of an appliance fetch and install it. Resolves when the updater says that it succeeded. */
export async function deployPackage(request: DeployRequest, fetch: typeof globalThis.fetch, signal: AbortSignal): Promise<Deployed> {
  const clock = request.clock ?? createSystemClock()
  const planned = await plannedOf(request.path, signal)
  const facts = await measurePackage(request.path, signal)
  const client = createUpdaterClient({ url: addressOf(request.updater), fetch, clock })
  const host = await openPackageHost({ host: request.address, port: 0, facts })
  const sink = request.reportPort === undefined ? undefined : await openReportSink({ host: request.address, port: request.reportPort, heard: (progress) => { request.reported?.(progress) } }).catch(async (error: unknown) => { await host.close(); throw error })
  try {
    const url = `http://${request.address.includes(':') ? `[${request.address}]` : request.address}:${host.port}/${facts.name}`
    await client.download({ version: planned.version, package_url: url, package_name: facts.name, package_size: facts.sizeBytes, package_md5: facts.md5, package_sha256: facts.sha256 }, signal)
    await followUpdater(client, 'toInstall', downloadLimitMs, { ...request, clock }, signal)
    await client.update(planned.version, signal)
    await followUpdater(client, 'success', installLimitMs, { ...request, clock }, signal)
    return planned
  } finally {
    await host.close()
    await sink?.close()
  }
}

async function plannedOf(path: string, signal: AbortSignal): Promise<Deployed> {
  const contents = await openPackageZip(path, signal)
  try {
    const { manifest, units, commands } = planDeployment(contents, undefined, 'any')
    return { version: manifest.version, modules: manifest.modules.length, units, commands }
  } finally {
    await contents.close()
  }
}

/** Follows the stages; a failure is an error with the words of the device. */
export async function followUpdater(client: UpdaterClient, wanted: UpdaterStage, limitMs: number, { clock, tell }: { readonly clock: Clock; readonly tell: DeployRequest['tell'] }, parent: AbortSignal): Promise<void> {
  await withDeadline(clock, limitMs, `${client.label} on its way to ${wanted}`, parent, async (signal) => {
    let heardMs = clock.nowMs()
    let last = ''
    for (;;) {
      const now = await client.progress(signal).catch((error: unknown) => {
        signal.throwIfAborted()
        if (!(error instanceof WorkbenchError) || !error.code.startsWith('link/') || clock.nowMs() - heardMs > mostSilenceMs) throw error
        return undefined
      })
      if (now) {
        heardMs = clock.nowMs()
        const key = JSON.stringify(now)
        if (key !== last) tell(now)
        last = key
        if (now.stage === wanted) return
        if (now.stage === 'failed') throw new WorkbenchError('device/refused', `${client.label}: ${now.error ?? 'the update failed'}`, { context: { stage: now.stage }, hint: `It says: ${now.message.slice(0, 200)}` })
        if (now.stage === 'idle') throw new WorkbenchError('device/wrong-content', `${client.label} is idle again and never said that it was done`, { hint: 'Has somebody restarted it?' })
      }
      await clock.sleep(pollMs, signal)
    }
  })
}

export function addressOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url && (url.protocol === 'http:' || url.protocol === 'https:')) return url
  throw new WorkbenchError('input/malformed', 'That is no address of an updater', { hint: 'Such as http://192.168.1.20:12315' })
}
