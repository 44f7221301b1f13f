import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { planDeployment } from '../core/ota/updater/deploy.ts'
import type { UpdateParts } from '../core/workflows/update/updatePlan.ts'
import type { UpdateStep, UpdateVoice } from '../core/workflows/update/updateWorkflow.ts'
import { measurePackage, openPackageHost } from '../drivers/updater/packageHost.ts'
import { openPackageZip } from '../drivers/updater/packageZip.ts'
import { createUpdaterClient, type UpdaterClient } from '../drivers/updater/updaterClient.ts'
import { versionNumbers } from '../protocols/updater/version.ts'
import { WorkbenchError } from '../../shared/errors/workbenchError.ts'
import type { Clock } from '../../shared/lifecycle/clock.ts'
import type { UpdateDevice, UpdatePlan, UpdateRelease } from '../../shared/ota/deviceUpdate.schema.ts'
import type { PlannedPhase } from '../../shared/restore/restore.schema.ts'
import { addressOf, followUpdater } from './deployPackage.ts'
import { phase, releaseFolder, type UpdateWay } from './updateWay.ts'

const downloadLimitMs = 2 * 60 * 60 * 1000
const installLimitMs = 30 * 60 * 1000
/** More packages than that nobody chooses from. */
const mostPackages = 100

export interface ApplianceUpdateDeps { readonly clock: Clock; readonly fetch: typeof globalThis.fetch }

/** Appliances with an updater that tells its versions. */
export function createApplianceWay({ clock, fetch }: ApplianceUpdateDeps): UpdateWay {
  const clientOf = ({ address }: UpdateDevice): UpdaterClient => createUpdaterClient({ url: addressOf(address), fetch, clock })
  const read: UpdateWay['read'] = async (device, signal) => {
    const client = clientOf(device)
    const versions = await client.versions(signal)
    // What tells no versions may be anything; an updater tells its progress.
    if (!versions) { await client.progress(signal); return {} }
    return { ...(versions.current === null ? {} : { version: versions.current }), ...(versions.previous === null ? {} : { previous: versions.previous }) }
  }
  const install = async (client: UpdaterClient, ask: () => Promise<void>, voice: UpdateVoice, signal: AbortSignal): Promise<void> => {
    await ask()
    let said = ''
    await followUpdater(client, 'success', installLimitMs, { clock, tell: ({ progress, message }) => {
      voice.progress(message, progress, 100)
      if (message !== said) voice.note(message)
      said = message
    } }, signal)
  }
  return {
    check: ({ address }) => { addressOf(address) },
    read,
    releases: async (device, signal) => packagesIn(await releaseFolder(device), signal),
    plan: async (device, { act, version }, told, signal) => {
      if (act === 'rollback') return { units: [], files: 0, deletes: [], warnings: ['The version that runs now is taken off the device; a package brings it again'], refusals: [], phases: [phase('ask', 'Ask the updater', 500), phase('go-back', 'Go back', 12_000, 'at-end'), phase('read-back', 'Read the version back', 500, 'at-end')] }
      const phases = [phase('ask', 'Ask the updater', 500), phase('download', 'Download and verify', 2_000), phase('install', 'Install', 12_000, 'at-end'), phase('read-back', 'Read the version back', 500, 'at-end')]
      return planPackage(device, version, phases, ({ commands, outside }) => ({ warnings: [
        ...commands === 0 ? [] : [`The package brings ${String(commands)} commands; the updater runs them only where it was started so`],
        ...outside === 0 ? [] : [`The package puts ${String(outside)} files outside of /opt/tope; the updater takes them only where it was started so`],
      ] }), told.version, signal)
    },
    bench: (device, plan) => {
      const client = clientOf(device)
      return {
        ask: async (voice, signal) => {
          const { stage, error } = await client.progress(signal)
          if (stage === 'failed') voice.note(`Its last update had failed: ${error ?? 'it does not say why'}`, 'warning')
          return read(device, signal)
        },
        read: async (signal) => read(device, signal),
        steps: plan.request.act === 'rollback'
          ? [{ name: 'go-back', cancel: 'at-end', writing: true, limitMs: installLimitMs, work: async (voice, signal) => install(client, async () => client.goBack(plan.to, signal), voice, signal) }]
          : [downloadStep(device, plan, client, clock), { name: 'install', cancel: 'at-end', writing: true, limitMs: installLimitMs, work: async (voice, signal) => install(client, async () => client.update(plan.to, signal), voice, signal) }],
      }
    },
  }
}

/** What wants somebody's word. */
export interface PackageWants { readonly commands: number; readonly outside: number }

/** What a package of the channel would do; its commands, and what it puts elsewhere, are judged by whoever installs it. */
export async function planPackage(device: UpdateDevice, version: string, phases: PlannedPhase[], judge: (wants: PackageWants) => Partial<Pick<UpdateParts, 'warnings' | 'refusals'>>, running: string | undefined, signal: AbortSignal): Promise<UpdateParts> {
  const folder = await releaseFolder(device)
  const release = (await packagesIn(folder, signal)).find((each) => each.version === version && each.problem === undefined)
  if (!release) return { units: [], files: 0, deletes: [], warnings: [], phases, refusals: [new WorkbenchError('input/not-found', `There is no package of version ${version} on channel ${device.channel}`)] }
  const path = join(folder, release.file)
  const contents = await openPackageZip(path, signal)
  try {
    const { manifest, units, commands, incremental } = planDeployment(contents, version, 'any')
    const judged = judge({ commands: commands.length, outside: manifest.modules.filter(({ isOutside }) => isOutside).length })
    const misfit = incremental && incremental.base !== running ? [new WorkbenchError('input/conflict', `The package brings only what changed since ${incremental.base}, and ${device.name} runs ${running ?? 'no version'}`, { hint: 'Take a whole package, or the one that was made for this version' })] : []
    return {
      release, sha256: (await measurePackage(path, signal)).sha256, units: [...units], files: manifest.modules.length, deletes: [...incremental?.deleted ?? []], phases,
      warnings: [...incremental ? [`It builds on ${incremental.base}: what is not in the package stays as it is there, and all services start anew`] : [], ...judged.warnings ?? []], refusals: [...misfit, ...judged.refusals ?? []],
    }
  } finally { await contents.close() }
}

/** Nothing of the device that runs is touched in it, so a cancel may come at any time. */
const downloadStep = (device: UpdateDevice, { to, release, sha256 }: UpdatePlan, client: UpdaterClient, clock: Clock): UpdateStep => ({
  name: 'download', cancel: 'anytime', limitMs: downloadLimitMs,
  work: async (voice, signal) => {
    if ((await client.progress(signal)).stage === 'toInstall') { voice.note('A verified package waits there already; it is taken if it is this version'); return }
    const facts = await measurePackage(join(await releaseFolder(device), release?.file ?? ''), signal)
    if (facts.sha256 !== sha256) throw new WorkbenchError('input/conflict', 'The package has changed since this plan was made', { hint: 'Make the plan again and look at it' })
    const host = await openPackageHost({ host: device.hostAddress, port: 0, facts })
    try {
      const shown = device.hostAddress.includes(':') ? `[${device.hostAddress}]` : device.hostAddress
      await client.download({ version: to, package_url: `http://${shown}:${String(host.port)}/${facts.name}`, package_name: facts.name, package_size: facts.sizeBytes, package_md5: facts.md5, package_sha256: facts.sha256 }, signal)
      await followUpdater(client, 'toInstall', downloadLimitMs, { clock, tell: ({ progress, message }) => { voice.progress(message, progress, 100) } }, signal)
    } finally { await host.close() }
  },
})

export async function packagesIn(folder: string, signal: AbortSignal): Promise<UpdateRelease[]> {
  const names = (await readdir(folder)).filter((name) => /\.zip$/i.test(name)).sort().slice(0, mostPackages)
  const found: UpdateRelease[] = []
  for (const file of names) {
    const path = join(folder, file)
    const { size: sizeBytes } = await stat(path)
    try {
      const contents = await openPackageZip(path, signal)
      try { found.push({ version: planDeployment(contents, undefined, 'any').manifest.version, file, sizeBytes }) } finally { await contents.close() }
    } catch (error) {
      signal.throwIfAborted()
      found.push({ version: '', file, sizeBytes, problem: error instanceof WorkbenchError ? error.message.slice(0, 1000) : 'It cannot be read' })
    }
  }
  return found.sort((a, b) => newestFirst(a.version, b.version))
}

const newestFirst = (a: string, b: string): number => {
  const [left, right] = [versionNumbers(a), versionNumbers(b)]
  if (!left || !right) return left ? -1 : right ? 1 : 0
  return right[0] - left[0] || right[1] - left[1] || right[2] - left[2]
}
