import { readFile } from 'node:fs/promises'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { reasonOf } from '../errors/reasonOf.ts'

/** The kernel makes a new one at each start. */
export const kernelBootId = '/proc/sys/kernel/random/boot_id'

export async function readBootId(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new WorkbenchError('host/io', `${path} cannot be read: ${reasonOf(cause)}`, { cause, hint: 'Without a boot id no reboot could be proved' })
  })
  const id = text.trim()
  if (!/^[0-9a-f-]{8,64}$/i.test(id)) throw new WorkbenchError('host/io', `${path} holds no boot id`, { hint: 'Without a boot id no reboot could be proved' })
  return id
}
