import { randomUUID } from 'node:crypto'
import { open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { makeFolders } from '../drivers/files/makeFolders.ts'
import { type BatchPlan, batchPlanSchema } from '../../shared/batch/batchPlan.schema.ts'
import { issueWords } from '../../shared/errors/issueWords.ts'
import { WorkbenchError } from '../../shared/errors/workbenchError.ts'
import { errnoOf, reasonOf } from '../drivers/errors/reasonOf.ts'
import { readLinedYaml } from '../drivers/files/yamlText.ts'

const maxPlanBytes = 1_048_576

const unwritable = (path: string, cause: unknown): WorkbenchError => {
  const errno = errnoOf(cause)
  if (errno === 'ENOSPC' || errno === 'EDQUOT' || errno === 'EFBIG') return new WorkbenchError('host/disk-full', `There is no room for the report ${path}`, { cause, hint: 'Free some space, or choose another disk' })
  return new WorkbenchError('host/io', `The report cannot be written to ${path}: ${reasonOf(cause)}`, { cause, hint: 'Choose another path' })
}

/** Before a night, not after it: whether a report could be written there. */
export async function checkReportPath(path: string): Promise<void> {
  const whole = resolve(path)
  if (await stat(whole).then((facts) => !facts.isFile(), () => false)) throw new WorkbenchError('input/malformed', `${path} is no file, and a report is one`, { hint: 'Name the file, too' })
  const trial = `${whole}.${randomUUID().slice(0, 8)}.new`
  try {
    await makeFolders(dirname(whole))
    await (await open(trial, 'w')).close()
  } catch (cause) {
    throw unwritable(path, cause)
  } finally {
    await rm(trial, { force: true }).catch(() => undefined) // a folder that takes no file has none to take away
  }
}

/** Whoever opens it meanwhile sees the old one or the new one, never half of it. */
export async function writeWhole(path: string, text: string): Promise<void> {
  const whole = resolve(path)
  const beside = `${whole}.${randomUUID().slice(0, 8)}.new`
  try {
    await makeFolders(dirname(whole))
    await writeFile(beside, text)
    await rename(beside, whole)
  } catch (cause) {
    await rm(beside, { force: true }).catch(() => undefined) // the first trouble is the one to tell
    throw unwritable(path, cause)
  }
}

/** A plan as YAML or JSON, from a person; paths in it are from its own folder. */
export async function readBatchPlan(path: string): Promise<BatchPlan> {
  const facts = await stat(path).catch((cause: unknown) => { throw new WorkbenchError('input/not-found', `The plan ${path} cannot be read: ${reasonOf(cause)}`, { cause, hint: planHint }) })
  if (!facts.isFile()) throw new WorkbenchError('input/malformed', `${path} is no file`, { hint: planHint })
  if (facts.size > maxPlanBytes) throw new WorkbenchError('input/too-large', `The plan has ${facts.size} bytes, and ${maxPlanBytes} are the most`, { hint: planHint })
  const text = await readFile(path, 'utf8').catch((cause: unknown) => { throw new WorkbenchError('host/io', `The plan ${path} cannot be read: ${reasonOf(cause)}`, { cause }) })
  const document = readLinedYaml(text)
  if (document.value === null || document.value === undefined) throw new WorkbenchError('input/malformed', `The plan ${path} is empty`, { hint: planHint })
  const plan = batchPlanSchema.safeParse(document.value)
  if (!plan.success) {
    const [issue] = plan.error.issues
    const place = (issue?.path ?? []).filter((each) => typeof each !== 'symbol')
    const message = issue === undefined ? 'this is no plan' : issueWords(issue)
    throw new WorkbenchError('input/malformed', `Line ${document.lineOf(place)}: ${place.length === 0 ? '' : `"${place.join('.')}": `}${message}`, { context: { line: document.lineOf(place) }, hint: planHint })
  }
  return { ...plan.data, images: plan.data.images.map((image) => ({ ...image, path: resolve(dirname(path), image.path) })) }
}

const planHint = 'docs/batch.md tells what stands in a plan'
