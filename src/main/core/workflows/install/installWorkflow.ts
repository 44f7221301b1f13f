import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import type { EnvironmentProgress, InstallPlan } from '../../../../shared/install/install.schema.ts'
import type { ProbedFlash } from '../../../protocols/uboot/answers.ts'
import { runPhase } from '../phase.ts'
import type { RestoreBench, RestoreContext } from '../restore/bench.ts'
import { runRestore } from '../restore/restoreWorkflow.ts'
import { bootedBy, proveLoaded } from '../ubootCheck.ts'
import { saveEnvironment } from './environmentProof.ts'
import { prepareEnvironment, readVariables, settle } from './environmentWork.ts'
import type { IdentityPlan, RandomBytes } from './identity.ts'
import { installLayouts } from './installLayout.ts'

export type InstallBench = Omit<RestoreBench, 'plan'> & {
  readonly plan: InstallPlan
  readonly randomBytes: RandomBytes
  /** What the image calls its U-Boot; empty where nobody could read it. */
  readonly versions: readonly string[]
}

export interface InstallOutcome {
  readonly verdict: 'installed and booted' | 'installed, boot not seen' | 'installed, U-Boot not confirmed'
  readonly error?: WorkbenchError
}

/**
 * A restore with an environment: what the camera has is read and the new one tried before anything is written; it is saved when every
 * partition is proved, and read back before the new system is started.
 */
export async function runInstall(bench: InstallBench, context: RestoreContext): Promise<InstallOutcome> {
  const { plan } = bench
  let found: ReadonlyMap<string, string> | undefined
  let identity: IdentityPlan | undefined
  let startedBy: WorkbenchError | undefined
  const tell = (state: EnvironmentProgress['state'], { mac, set, whole, lost }: IdentityPlan, more: Pick<EnvironmentProgress, 'crc32'> = {}): void => {
    context.tell({ type: 'environment-changed', environment: { state, mac, set: set.map(({ name, value }) => ({ name, value })), keptCount: whole.size - set.length, lost: [...lost], ...more } })
  }
  const { verdict, error } = await runRestore(bench, context, {
    atPrompt: async ({ session }) => {
      const listing = await runPhase(context, {
        name: 'read-environment', cancel: 'anytime', limitMs: 180_000,
        work: async (signal) => {
          // The camera's own one, stopped, is another on purpose.
          if (bench.starter.method !== 'manual') await proveLoaded(session, bench.versions, plan.boot.uboot, signal)
          return readVariables(session, signal)
        },
        note: ({ variables }) => `${variables.size} variables`,
      })
      found = listing.variables
    },
    booted: (consoleText) => (startedBy = checkBooted(bench, context, consoleText)),
    beforeWriting: async ({ session }, flash) => {
      const own = found
      if (!own) throw new WorkbenchError('internal/bug', 'The environment was not read')
      checkFlash(plan, flash)
      identity = await runPhase(context, {
        name: 'environment', cancel: 'anytime', limitMs: 180_000,
        work: async (signal) => prepareEnvironment(session, { ...plan, found: own, randomBytes: bench.randomBytes, warn: (message) => { context.tell({ type: 'noted', level: 'warning', message }) } }, signal),
        note: ({ mac }) => (mac.reason === 'kept' ? `keeps ${mac.address}` : `gets ${mac.address}: its own is ${mac.reason}`),
      })
      tell('planned', identity)
    },
    afterProof: async ({ session }, medium) => {
      const planned = identity
      if (!planned) throw new WorkbenchError('internal/bug', 'The environment was not read before the flash was written')
      await runPhase(context, {
        // Half a saved environment is none: the camera would start with defaults and the address of every other one.
        name: 'save-environment', cancel: 'at-end', writing: true, limitMs: 420_000,
        work: async (signal) => {
          await settle(session, planned, signal)
          tell('saving', planned)
          try {
            const crc32 = await saveEnvironment({ session, medium, plan, whole: planned.whole, note: (message) => { context.tell({ type: 'noted', level: 'warning', message }) } }, signal)
            tell('proved', planned, { crc32 })
            return crc32
          } catch (cause) {
            tell('unknown', planned)
            throw cause
          }
        },
        note: (crc32) => `CRC ${crc32}`,
      })
    },
  })
  if (startedBy) return { verdict: 'installed, U-Boot not confirmed', error: startedBy }
  return { verdict: verdict === 'restored and booted' ? 'installed and booted' : 'installed, boot not seen', ...(error ? { error } : {}) }
}

/** The flash holds the image, and what has started the camera need not be what lies there. */
function checkBooted({ versions }: InstallBench, context: RestoreContext, consoleText: string): WorkbenchError | undefined {
  if (versions.length === 0) return undefined
  const by = bootedBy(consoleText, versions)
  const installed = (versions[0] ?? '').slice(0, 80)
  const found = 'found' in by ? by.found.slice(0, 80) : ''
  if (by.is === 'other') {
    return new WorkbenchError('device/wrong-identity', `The camera was started by "${found}", and what was installed is "${installed}"`, {
      context: { found, planned: installed }, hint: 'Every byte is in flash. Does this camera start from another flash, or does something else load its U-Boot?',
    })
  }
  if (by.is === 'unclear') {
    return new WorkbenchError('link/garbled', `Whether "${installed}" has started the camera is not certain: "${found}" is what was read of it`, {
      context: { found, planned: installed }, hint: 'The line may have altered a character, or it is another build. Install once more: what is in flash already is not written again, and the restart is read anew',
    })
  }
  // There are builds that start in silence; the flash and the boot are proved without it.
  if (by.is === 'unsaid') context.tell({ type: 'noted', level: 'warning', message: `Whether "${installed}" has started the camera is not certain: no U-Boot said who it is` })
  return undefined
}

/** The layout was chosen before anybody had asked the chip. */
function checkFlash({ layout: { name } }: InstallPlan, { flashBytes, eraseBlockBytes }: ProbedFlash): void {
  const layout = installLayouts[name]
  if (flashBytes < layout.flashBytes) {
    throw new WorkbenchError('device/wrong-identity', `The flash has ${flashBytes / 1048576} MiB and the layout needs ${layout.flashBytes / 1048576}; nothing was written`, {
      context: { found: flashBytes, layout: name }, hint: 'Choose the layout for this size (--nor-size)',
    })
  }
  const fits = eraseBlockBytes > 0 && (layout.flash === 'nand' ? eraseBlockBytes === layout.eraseBytes : layout.eraseBytes % eraseBlockBytes === 0)
  if (!fits) throw new WorkbenchError('device/wrong-identity', `The flash is erased in blocks of ${eraseBlockBytes} bytes and the layout was made for ${layout.eraseBytes}; nothing was written`, { context: { found: eraseBlockBytes, layout: name } })
}
