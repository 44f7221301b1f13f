import { WorkbenchError } from '../../shared/errors/workbenchError.ts'

const most = 64

/** `RACKBENCH_JOBS`: how many jobs this computer does at the same time. Undefined for what was measured. */
export function jobsAtOnceOf(variables: Readonly<Record<string, string | undefined>>): number | undefined {
  const text = variables['RACKBENCH_JOBS']
  if (text === undefined || text === '') return undefined
  if (/^\d{1,2}$/.test(text) && Number(text) >= 1 && Number(text) <= most) return Number(text)
  throw new WorkbenchError('input/malformed', `RACKBENCH_JOBS is a number from 1 to ${most}`, { hint: 'Eight is what was measured on an ordinary computer' })
}
