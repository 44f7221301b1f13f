import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { isNearlySameUboot, isSameUboot, ubootVersionsIn } from '../../protocols/fastboot/ubootVersion.ts'
import type { UbootSession } from '../uboot/ubootSession.ts'

/** What a file says of the U-Boot in it. `isUnread`: packed, and what is in it could not be read. */
export interface UbootContents { readonly versions: readonly string[]; readonly isUnread: boolean }

/** A file that says of itself that it is no U-Boot. One that was not looked into says nothing. */
export const holdsNoUboot = (contents: UbootContents | undefined): boolean => contents !== undefined && contents.versions.length === 0 && !contents.isUnread

export const noUboot = (path: string, consequence: string): WorkbenchError => new WorkbenchError('input/malformed', `${path} holds no U-Boot: it names no version, neither in the clear nor packed`, {
  context: { path }, hint: `${consequence}. Choose another file, or have the published one fetched (rackbench uboot CHIP)`,
})

const answerLimitMs = 15_000
const readings = 3

/** As U-Boot calls itself at its prompt. */
export async function askVersion(session: UbootSession, signal: AbortSignal): Promise<string> {
  const output = await session.run('version', { limitMs: answerLimitMs, printsBanner: true }, signal)
  const version = output.split('\n').map((line) => line.trim()).find((line) => /^U-Boot /.test(line))
  if (version === undefined) throw new WorkbenchError('device/no-answer', 'U-Boot answered, but did not say which one it is', { context: { output: output.slice(0, 300) } })
  return version
}

/** A boot ROM that starts from flash after all answers as well, with the U-Boot that lies there. */
export function checkAnswered(answered: string, versions: readonly string[], path: string): void {
  if (versions.length === 0 || versions.some((each) => isSameUboot(answered, each))) return
  throw new WorkbenchError('device/wrong-identity', `"${answered.slice(0, 80)}" answers, and ${path} holds "${(versions[0] ?? '').slice(0, 80)}": what was loaded does not run`, {
    context: { found: answered.slice(0, 120), planned: (versions[0] ?? '').slice(0, 120) }, hint: 'The camera has most likely started its own U-Boot from the flash. Was the file made for this chip?',
  })
}

/** The same before something is written with it. A character that the line altered is no other U-Boot, so it is asked more than once. */
export async function proveLoaded(session: UbootSession, versions: readonly string[], path: string, signal: AbortSignal): Promise<void> {
  if (versions.length === 0) return
  for (let reading = 1; ; reading += 1) {
    try {
      checkAnswered(await askVersion(session, signal), versions, path)
      return
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof WorkbenchError) || reading >= readings) throw error
    }
  }
}

export type BootedBy = { readonly is: 'same' } | { readonly is: 'unsaid' } | { readonly is: 'unclear' | 'other'; readonly found: string }

/** Which U-Boot has started the camera, as its console says. It says so once, and a line may alter a character: what is the same but for one spot is neither. */
export function bootedBy(consoleText: string, versions: readonly string[]): BootedBy {
  const said = ubootVersionsIn(new TextEncoder().encode(consoleText))
  const [found] = said
  if (found === undefined) return { is: 'unsaid' }
  if (said.some((each) => versions.some((version) => isSameUboot(each, version)))) return { is: 'same' }
  return { is: said.some((each) => versions.some((version) => isNearlySameUboot(each, version))) ? 'unclear' : 'other', found }
}
