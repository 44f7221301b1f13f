import type { Guard } from './guard.ts'

const book = { file: 'src/main/core/pictures/pictureBook.ts', project: 'integration', tests: 'test/integration/pictures/pictureBook.test.ts' } as const
const jpeg = { file: 'src/main/protocols/jpeg/parser.ts', project: 'unit', tests: 'src/main/protocols/jpeg/parser.test.ts' } as const
const source = { file: 'src/main/drivers/http/snapshotSource.ts', project: 'integration', tests: 'test/integration/pictures/snapshotSource.test.ts' } as const

/** Pictures of cameras, and acting on many of them. */
export const rackGuards: readonly Guard[] = [
  { says: 'a camera that sends without end is not read to its end', ...source, named: 'sends 50 MB', find: ', maxAnswerBytes: maxPictureBytes }', replace: ', maxAnswerBytes: 1e9 }' },
  { says: 'a picture address leads nowhere else', ...source, named: 'not led to another', find: 'if (status >= 300 && status < 400) throw', replace: 'if (status === 0) throw' },
  { says: 'a picture that never comes is given up', ...book, named: 'never answers', find: 'const limitMs = 4_000', replace: 'const limitMs = 400_000' },
  { says: 'only a whole JPEG is a picture', ...book, named: 'never reaches a window', find: 'if (!found.ok) throw', replace: "if (found.ok && url === '') throw" },
  { says: 'not all cameras are asked at once', ...book, named: 'eight cameras', find: 'const atOnce = 8', replace: 'const atOnce = 80' },
  { says: 'a camera that fails is asked more rarely', ...book, named: 'ever more rarely', find: '      entry.failures += 1\n', replace: '' },
  { says: 'nobody is asked for pictures that nobody sees', ...book, named: 'and never otherwise', find: 'url === undefined || entry.lookers === 0 || entry.polling', replace: 'url === undefined || entry.polling' },
  { says: 'a picture of a claimed enormous size is not drawn', ...jpeg, named: 'claims an enormous', find: 'size.widthPx * size.heightPx > maxPixels', replace: 'size.widthPx < 0' },
  { says: 'a piece lies inside its picture', file: 'src/shared/rpc/pictureFrame.ts', project: 'unit', tests: 'src/shared/rpc/pictureFrame.test.ts', named: 'outside its picture', find: ' || offsetBytes + piece.length > lengthBytes', replace: '' },
  { says: 'a slow viewer gets the newest picture', file: 'src/main/core/pictures/pictureLane.ts', project: 'integration', tests: 'test/integration/pictures/pictureBook.test.ts', named: 'does not keep up', find: 'pictures.newest(camera) ?? waiting', replace: 'waiting' },
  { says: 'a password that a switch refused is not tried again by itself', file: 'src/main/core/rack/drawWatch.ts', project: 'integration', tests: 'test/integration/power/drawWatch.test.ts', named: 'refused password is tried once', find: '!draw || controller === refusedBy', replace: '!draw' },
  { says: 'no switch is read for its watts while a job has the camera', file: 'src/main/core/rack/drawWatch.ts', project: 'integration', tests: 'test/integration/power/drawWatch.test.ts', named: 'while a job has the camera', find: 'simulated || !isHeld()', replace: 'true' },
  { says: 'a port is called well when it read so twice', file: 'src/main/core/rack/drawWatch.ts', project: 'integration', tests: 'test/integration/power/drawWatch.test.ts', named: 'is told once', find: '|| (now === undefined && well < wellReadings)', replace: '' },
  { says: 'a switch is not asked for more power than it can give', file: 'src/main/core/rack/powerBudget.ts', project: 'integration', tests: 'test/integration/power/powerMany.test.ts', named: 'not asked for more', find: 'if (taken + wanted <= limitWatts)', replace: 'if (taken <= Infinity)' },
  { says: 'what was promised to a camera counts before it is drawn', file: 'src/main/core/rack/powerBudget.ts', project: 'integration', tests: 'test/integration/power/powerMany.test.ts', named: 'not asked for more', find: 'promised.get(unit) ?? 0', replace: '0' },
  { says: 'a filter that leaves out what only a window knows chooses nobody at a prompt', file: 'src/main/core/rack/rememberedFilter.ts', project: 'unit', tests: 'src/main/core/rack/rememberedFilter.test.ts', named: 'refused and not guessed', find: 'if (unheard !== undefined) throw', replace: 'if (unheard === words) throw' },
]
