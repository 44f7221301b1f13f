import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'

/** `lengthBytes` is absent for the last one, `-(name)`: it takes the rest. */
export interface MtdPart {
  readonly name: string
  readonly offsetBytes: number
  readonly lengthBytes: number | undefined
  readonly readOnly: boolean
}

const factors: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 * 1024, g: 1024 * 1024 * 1024 }

function malformed(text: string, why: string): WorkbenchError {
  return new WorkbenchError('input/malformed', `mtdparts "${text.slice(0, 80)}": ${why}`, {
    hint: 'Example: hi_sfc:256k(boot),64k(env),3072k(kernel),10240k(rootfs),-(rootfs_data)',
  })
}

const sizePart = (text: string): number | undefined => {
  const match = /^(0x[0-9a-f]+|\d+)([kmg]?)$/i.exec(text)
  const bytes = match ? Number(match[1]) * (factors[(match[2] ?? '').toLowerCase()] ?? Number.NaN) : Number.NaN
  return Number.isSafeInteger(bytes) ? bytes : undefined
}

/**
 * The kernel's grammar: `[mtdparts=]ID:SIZE[@OFFSET](NAME)[ro][lk],…`, sizes decimal or hex with k, m or g. One device only: a camera's
 * flash chip is one, and with two (`;`) nobody could say which was meant.
 */
export function parseMtdparts(given: string): readonly MtdPart[] {
  const text = given.trim().replace(/^mtdparts=/, '')
  if (text.includes(';')) throw malformed(text, 'it names more than one flash device')
  const list = text.slice(text.indexOf(':') + 1)
  if (list === '') throw malformed(text, 'it is empty')
  const parts: MtdPart[] = []
  let nextOffsetBytes: number | undefined = 0
  for (const item of list.split(',')) {
    const match = /^([^@()]+)(?:@([^()]+))?(?:\(([^()]{1,64})\))?(ro|lk)*$/.exec(item.trim())
    if (!match) throw malformed(text, `"${item.slice(0, 40)}" is not a partition`)
    const [, size = '', offset, name = `mtd${parts.length}`] = match
    const lengthBytes = size === '-' ? undefined : sizePart(size)
    if (size !== '-' && (lengthBytes === undefined || lengthBytes === 0)) throw malformed(text, `"${size}" is not a size`)
    const offsetBytes: number | undefined = offset === undefined ? nextOffsetBytes : sizePart(offset)
    if (offsetBytes === undefined) {
      throw malformed(text, offset === undefined ? `"${name}" follows the partition that takes the rest` : `"${offset}" is not an offset`)
    }
    if (parts.some((each) => each.name === name)) throw malformed(text, `the name "${name}" occurs twice`)
    parts.push({ name, offsetBytes, lengthBytes, readOnly: item.endsWith('ro') })
    nextOffsetBytes = lengthBytes === undefined ? undefined : offsetBytes + lengthBytes
  }
  return parts
}
