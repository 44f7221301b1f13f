import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import type { FlashKind, RestorePlan } from '../../../../shared/restore/restore.schema.ts'
import { parseProbe, type ProbedFlash } from '../../../protocols/uboot/answers.ts'
import { isMmcSelected, parseNandInfo } from '../../../protocols/uboot/nandAnswers.ts'
import { askAgain, type UbootSession } from '../../uboot/ubootSession.ts'
import { flashNames } from './flashKind.ts'
import type { Medium } from './flashMedium.ts'

type Planned = NonNullable<RestorePlan['flash']>

/** In this order; only a positive answer with its figures counts, and none of them changes anything on the camera. */
const questions: readonly { readonly kind: FlashKind; readonly command: string; readonly understand: (output: string) => string | undefined }[] = [
  { kind: 'nor', command: 'sf probe 0', understand: (output) => { const flash = parseProbe(output); return flash && flash.flashBytes > 0 ? `a NOR of ${flash.flashBytes / 1048576} MiB` : undefined } },
  { kind: 'nand', command: 'nand info', understand: (output) => { const nand = parseNandInfo(output); return nand && `a NAND with blocks of ${nand.blockBytes / 1024} KiB` } },
  // The same device number is a memory card on cameras without eMMC, so it is told and never taken for granted.
  { kind: 'emmc', command: 'mmc dev 0', understand: (output) => (isMmcSelected(output) ? 'an eMMC or a memory card' : undefined) },
]

/** What U-Boot says of a kind, or nothing: no answer, an error text and an unknown command say nothing. */
async function look(session: UbootSession, kind: FlashKind, signal: AbortSignal): Promise<string | undefined> {
  const question = questions.find((each) => each.kind === kind)
  if (!question) return undefined
  try {
    return await askAgain(2, signal, async () => question.understand(await session.run(question.command, { limitMs: 20_000 }, signal)))
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof WorkbenchError) return undefined
    throw error
  }
}

/** These come from a probe whose flash is not there, and from a garbled line: only asking for the other kinds tells which. */
const mayBeAbsent: readonly string[] = ['device/refused', 'device/unknown-command', 'link/garbled']

/**
 * The probe of the planned flash, and behind it the question whether this is the kind that was planned. Rejects with `device/wrong-identity`
 * before anything is erased: a plan for one kind of flash never goes to another, and one that was only assumed never to a camera with two.
 */
export function probeAsPlanned(planned: Planned | undefined, probe: Medium['probe']): Medium['probe'] {
  if (!planned) return probe
  return async (session, signal): Promise<ProbedFlash> => {
    try {
      const flash = await probe(session, signal)
      if (planned.isAssumed) await refuseSecond(session, planned, signal)
      return flash
    } catch (error) {
      if (!(error instanceof WorkbenchError) || !mayBeAbsent.includes(error.code) || signal.aborted) throw error
      throw await explainAbsence(session, planned, error, signal)
    }
  }
}

async function refuseSecond(session: UbootSession, { kind, reason }: Planned, signal: AbortSignal): Promise<void> {
  // A memory card is no reason: most cameras have a slot for one.
  const second = kind === 'nand' ? 'nor' : 'nand'
  const found = await look(session, second, signal)
  if (found === undefined) return
  throw new WorkbenchError('device/wrong-identity', `${flashNames[kind]} was assumed because ${reason}, and U-Boot finds ${found} as well; nothing was erased`, {
    context: { planned: kind, found: second }, hint: `Say which one is meant: --flash-type ${kind} or --flash-type ${second}`,
  })
}

async function explainAbsence(session: UbootSession, { kind, reason }: Planned, error: WorkbenchError, signal: AbortSignal): Promise<WorkbenchError> {
  // Asked once more: it may have been the line, or a detail of it that failed.
  if (await look(session, kind, signal) !== undefined) return error
  for (const other of questions) {
    if (other.kind === kind) continue
    const found = await look(session, other.kind, signal)
    if (found === undefined) continue
    return new WorkbenchError('device/wrong-identity', `The plan is for ${flashNames[kind]} (${reason}), and U-Boot finds none but ${found}; nothing was erased`, {
      context: { planned: kind, found: other.kind }, cause: error, hint: 'Choose the image that was made for this camera, or the right flash type',
    })
  }
  return error
}

/**
 * The one kind of flash that this camera has, by positive answers only. With NOR and NAND nobody can say which was meant: `input/conflict`.
 * Only a camera with neither is asked for eMMC: elsewhere that is its slot for a card.
 */
export async function findFlash(session: UbootSession, signal: AbortSignal): Promise<FlashKind> {
  const [nor, nand] = [await look(session, 'nor', signal), await look(session, 'nand', signal)]
  if (nor !== undefined && nand !== undefined) {
    throw new WorkbenchError('input/conflict', `This camera has ${nor} and ${nand}, and nobody has said which one is meant`, {
      context: { found: 'nor, nand' }, hint: 'Say which one is meant: --flash-type nor or --flash-type nand',
    })
  }
  if (nor !== undefined) return 'nor'
  if (nand !== undefined) return 'nand'
  if (await look(session, 'emmc', signal) !== undefined) return 'emmc'
  throw new WorkbenchError('device/no-answer', 'U-Boot finds no flash: neither "sf probe 0" nor "nand info" nor "mmc dev 0" gives its figures', {
    hint: 'Say which kind it is with --flash-type, and its own complaint is shown; or load another U-Boot build',
  })
}
