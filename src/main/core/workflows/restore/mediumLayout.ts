import { type ImageBytes, wholeInMemory } from '../../../../shared/bytes/storedBytes.ts'
import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import type { RestorePlan, RestoreRequest } from '../../../../shared/restore/restore.schema.ts'
import { cutToFit, emmcRules, type PlacedPart, placeParts, roundUp, writingOrder } from './layout.ts'
import { cutForNand, nandOrder, placeOnNand } from './nandLayout.ts'
import type { RestoreInput } from './rawInput.ts'

export interface Placement {
  readonly parts: readonly PlacedPart<ImageBytes>[]
  /** What U-Boot has to be told before it knows partitions by name. */
  readonly mtd?: RestorePlan['mtd']
  readonly warnings: readonly string[]
}

/** Where the parts go on the kind of flash that the plan is for; `auto` is NOR, which nearly every camera has. */
export function placeOn(flashType: RestoreRequest['flashType'], input: RestoreInput<ImageBytes>, mtdparts: string | undefined): Placement {
  if (flashType === 'nand') return placeOnNand(held(input), mtdparts)
  if (flashType !== 'emmc') return { parts: placeParts(input, mtdparts), warnings: [] }
  return { parts: placeParts(input, mtdparts, emmcRules).map((part) => ({ ...part, medium: { kind: 'emmc' } as const })), warnings: [] }
}

/** UBI is taken apart, which needs all of it. */
const held = (input: RestoreInput<ImageBytes>): RestoreInput => ({ ...input, parts: input.parts.map((part) => ({ ...part, bytes: wholeInMemory(part.bytes, part.source) })) })

/** Pieces that can be carried, in writing order. */
export function cutAndOrder(flashType: RestoreRequest['flashType'], parts: readonly PlacedPart<ImageBytes>[], maxBytes: number, via: 'pod' | 'host'): readonly PlacedPart<ImageBytes>[] {
  if (flashType === 'nand') {
    const large = parts.find(({ medium, bytes }) => medium?.kind === 'ubi' && bytes.length > (via === 'pod' ? maxBytes : largestVolumeBytes))
    if (large) {
      throw new WorkbenchError(via === 'pod' ? 'pod/no-room' : 'input/too-large', `${large.name} has ${large.bytes.length} bytes, more than ${via === 'pod' ? 'the pod holds' : 'is written'} in one piece, and a UBI volume is not cut`, {
        context: { partition: large.name, lengthBytes: large.bytes.length }, hint: via === 'pod' ? 'Use --tftp-via host' : 'Restore it from the running system',
      })
    }
    return nandOrder(cutForNand(parts, maxBytes))
  }
  if (flashType !== 'emmc') return writingOrder(cutToFit(parts, maxBytes))
  return writingOrder(cutToFit(parts, maxBytes)).map((part) => ({ ...part, eraseBytes: roundUp(part.bytes.length, emmcRules.blockBytes), medium: { kind: 'emmc' } as const }))
}

/** It is held twice in the camera's RAM, fetched and read back. */
const largestVolumeBytes = 64 * 1024 * 1024
