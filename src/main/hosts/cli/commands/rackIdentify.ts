import type { IdentifyMatch, IdentifyNews } from '../../../../shared/rack/identify.schema.ts'
import { usage } from '../arguments.ts'
import { type ExitCode, exitCodes } from '../exitCodes.ts'
import { plainText } from '../output/lineWriter.ts'
import { timeText } from '../output/words.ts'
import { cameraNamed, type RackScene, type RackSpec } from './rackScene.ts'

/** Which console belongs to which power port. Without `--yes` it only says what it would cut. */
export async function identifyRack({ words, given, workbench, deps, teller }: RackScene): Promise<ExitCode> {
  if (words.length === 0) throw usage('Which cameras?', 'rackbench rack identify cam-01 cam-02 …; --yes cuts what was listed')
  const { inventories } = workbench
  const { signal } = deps.interrupt
  const specs: RackSpec[] = []
  for (const word of words) specs.push(await cameraNamed(word, workbench))
  const ids = specs.map(({ cameraId }) => cameraId)
  await inventories.openCameras(ids, signal)
  const plan = inventories.planIdentify(ids)
  teller.say('identify-plan', plan, [
    ...(plan.cuts.length === 0 ? ['Nothing would be cut'] : ['These are switched off and on, one after the other:', ...plan.cuts.map(({ camera, power }) => `  ${plainText(camera, 40)}: ${plainText(power, 80)}`)]),
    ...plan.skipped.map(({ camera, why }) => `  not ${plainText(camera, 40)}: ${plainText(why, 160)}`),
    `Watched: ${plainText(plan.watched.map(({ camera }) => camera).join(', '), 300) || 'no console'}`,
  ].join('\n'))
  if (plan.cuts.length === 0) return teller.done(exitCodes.busyOrHost, { cut: false }, 'Nothing was cut, and nothing can be found out')
  if (!given.has('yes')) return teller.done(exitCodes.success, { cut: false }, `Nothing was cut; --yes does it, in about ${timeText(plan.forecastMs)}`)
  let matches: readonly IdentifyMatch[] = []
  const nameOf = (id: string): string => specs.find(({ cameraId }) => cameraId === id)?.cameraName ?? id
  for await (const news of inventories.identify(ids, plan.cuts.map(({ cameraId }) => cameraId), signal)) {
    teller.say(`identify-${news.type}`, news, plainText(sentenceOf(news), 300))
    if (news.type === 'done') ({ matches } = news)
  }
  const crossed = matches.filter(({ port, console }) => port !== console)
  const summary = crossed.length === 0 ? `${matches.length} of ${plan.cuts.length} ports found, each with the camera it was written down for` : crossed.map(({ port, console }) => `${nameOf(console)} has the port of ${nameOf(port)}`).join('; ')
  if (!given.has('assign') || crossed.length === 0) return teller.done(exitCodes.success, { matches, assigned: false }, `${summary}${crossed.length === 0 ? '' : '; --assign writes it down'}`)
  await inventories.assignPower(matches, signal)
  return teller.done(exitCodes.success, { matches, assigned: true }, `${summary}; written down`)
}

function sentenceOf(news: IdentifyNews): string {
  switch (news.type) {
    case 'cutting': return `Cutting ${news.power} of ${news.camera}`
    case 'skipped': return `Not cut: ${news.camera}: ${news.why}`
    case 'seen': return news.answered.length === 0 ? `${news.power}: no console answered` : news.answered.length > 1 ? `${news.power}: several answered (${news.answered.map(({ camera }) => camera).join(', ')}), which tells nothing` : `${news.power}: ${news.answered[0]?.camera ?? ''} answered`
    case 'done': return ''
  }
}
