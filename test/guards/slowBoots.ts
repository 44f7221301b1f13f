import type { Guard } from './guard.ts'

const words = { project: 'unit', file: 'src/shared/captures/slowBoot.ts', tests: 'src/shared/captures/slowBoot.test.ts' } as const
const watch = { project: 'integration', file: 'src/main/composition/slowBoots.ts', tests: 'test/integration/captures/slowBoots.test.ts' } as const

/** Boots that take longer than the ones before, and filters that have a name. */
export const slowBootGuards: readonly Guard[] = [
  { says: 'of a few boots nobody knows what is usual', ...words, named: 'what is usual of four boots', find: ' || usual.length < leastBoots) return undefined', replace: ') return undefined' },
  { says: 'boots that differ anyway are no alarm', ...words, named: 'never alike', find: 'Math.max(usualMs * percent / 100, outlierDistance(usual))', replace: 'usualMs * percent / 100' },
  { says: 'a slower firmware is told once', ...words, named: 'not at each of them', find: 'slowness(finished.slice(1), percent) === undefined ? slowness(finished, percent) : undefined', replace: 'slowness(finished, percent)' },
  { says: 'boots that ended before the start are no news', ...watch, named: 'had ended before', find: 'told === undefined ? [] : ended.filter((each) => !told.has(nameOf(each))).reverse()', replace: 'ended.filter((each) => told?.has(nameOf(each)) !== true).reverse()' },
  { says: 'a slow boot is told once, whatever fails afterwards', ...watch, named: 'an index that does not answer', find: '    told?.add(nameOf(boot))\n', replace: '' },
  { says: 'a slow boot acts only by a rule that is on', ...watch, file: 'src/main/core/consoles/ruleWatch.ts', named: 'does what it says', find: "const text = rule.on && rule.match.kind === 'slow-boot'", replace: "const text = rule.match.kind === 'slow-boot'" },
  { says: 'what was typed key by key stays one line beside what the camera says', project: 'unit', file: 'src/renderer/features/consoles/trafficRows.ts', tests: 'src/renderer/features/consoles/trafficRows.test.ts', named: 'while somebody types', find: 'mark.atMs - open.last.atMs > mostPauseMs && isLineBetween(open.last, mark)', replace: 'isLineBetween(open.last, mark)' },
  { says: 'saved filters have an end', project: 'integration', file: 'src/main/composition/rackFiltersRoutes.ts', tests: 'test/integration/rackFilters.test.ts', named: 'the 65th is refused', find: 'if (others.length >= mostFilters) throw', replace: 'if (others.length > mostFilters) throw' },
]
