import { CJK_NAME, type Lexicon, runs, sentence } from './lexicon.ts';
import { substanceRun } from './substance.ts';

const ALLERGENS = substanceRun(
  'zh',
  '周[一二三四五六日末]|礼拜|上班|工作|加班|开会|上学|考试|作业|你|您|他|她|它|人|大家|这|那|什么|一切|所有|愚蠢|废话|撒谎|说谎|谎|虚伪|批评|笑话|借口|不公',
  '[\\p{Script=Han}\\p{L}\\p{N}]',
);
const PLACE = '[\\p{Script=Han}A-Za-z·]{1,10}?';

export const chinese: Lexicon = {
  language: 'zh',
  frequent: runs('[的了是在我不们这你他她有和吗]'),
  self: runs('我|咱|本人'),
  subject: runs(
    '(?:我|咱|本人)(?!的?(?:妈|爸|父|母|哥|弟|姐|妹|老[公婆板师]|妻|丈夫|太太|女儿|儿子|朋友|同[事学]|上司|医生|邻居))',
  ),
  other: runs('他|她|它|你|您|有人|没人|谁'),
  possessive: runs(
    '^(?:我的|我们的|我家|我(?=妈|爸|父|母|哥|弟|姐|妹|老[公婆板师]|妻|丈夫|太太|儿子|女|孩|朋友|同[事学]|上司|医生|邻居|爷|奶|外[公婆]|叔|狗|猫))',
  ),
  attribute:
    /^我们?(?:的|现在|目前|最|也|是|叫|在|住|有|不|对|没|喜欢|讨厌|爱|刚|今年|已经|搬|名字|姓名|生日|职业|工作|就职|从|一直|不再|辞|离开|吃|每|会|想|要|正)/iu,
  negation: runs('不|没|无|别|非|未|莫|辞职|辞去|离开|离职|戒|讨厌|恨'),
  noNegation: /不仅|不但|不错|没问题|无疑|特别|别人|非常|不久/gu,
  hypothetical: runs('如果|要是|假如|假设|假使|倘若|也许|可能|或许|大概|想象|的话|差点|希望能|本来会|梦想|考虑'),
  fiction: runs(
    '写一?[个篇首封段]|讲一?个(?:故事|笑话)|编一?个|故事|小说|诗|歌词|剧本|扮演|角色|想象一下|假装|从前|假设|童话|台词|对白|虚构',
  ),
  material: runs(
    '翻译|译成|改写|润色|校对|语法|总结|摘要|怎么说|这句话|这段话|以下(?:文字|句子|内容)|下面这|例句|引用|歌词',
  ),
  reported: runs(
    '[他她们友事板妈爸母父哥姐弟妹妻夫婆公儿女生师人家都]说(?!.{0,3}[语文话])|(?<!我们?)说(?=我|$)|的说法|以为|都(?:认为|觉得)|说过|告诉|认为|觉得我|声称|据说|听说|写道|问我|电影里|书里|歌里',
  ),
  reportedAfter: /^[，,]\s*[^，。我]{1,6}说[。！]?$/u,
  question: /^(?:谁|什么|哪|怎么|为什么|几时|是否|能否|可不可以)|(?:吗|呢|么)[？?。.!！\s]*$/u,
  here: runs('这个|这次|这里|这段|以下|下面|上面|今天|现在只|暂时|本次'),
  joint: runs('但是?|因为|所以|虽然|而且|不过|除了|或者'),
  rules: [
    {
      pattern: sentence(
        '我(?:的名字)?(?:叫(?:做)?|是叫)(?!了|过|着|你|您|他|她|它|车(?:回|去|来|到)|谁|别说|一声|一下|大家|停|醒|外卖|人(?:来|去|帮))(?!.*[了着吧吗])[\\p{Script=Han}A-Za-z· ]{1,12}|我的名字是[\\p{Script=Han}A-Za-z· ]{1,12}',
      ),
      kind: 'FACT',
      importance: 0.9,
      slot: 'name',
    },
    {
      pattern: sentence(`(?:请)?叫我${CJK_NAME}(?:吧|就好|就行)?`),
      kind: 'INSTRUCTION',
      importance: 0.9,
      slot: 'nickname',
    },
    {
      pattern: sentence(
        `我(?:现在|目前|一直)?(?:住|居住|生活)在(?!恐惧|希望|梦|过去|痛苦|幻想|压力|(?:云[端里上]|天上|心里|网上|阴影[里中下])[。！\\s]*$)${PLACE}`,
      ),
      kind: 'FACT',
      importance: 0.8,
      slot: 'home',
    },
    {
      pattern: sentence(`我(?:最近|刚刚?|已经)?(?:从${PLACE})?搬(?:家)?到了?${PLACE}(?:了)?`),
      kind: 'FACT',
      importance: 0.8,
      slot: 'home',
    },
    {
      pattern: sentence(
        `我(?:现在|目前)?在(?!家|线|这|那|晚|白天|加班|拼命|努力|认真|忙|(?:休息|周[末一二三四五六日])(?:工作|上班))${PLACE}(?:工作|上班|任职)`,
      ),
      kind: 'FACT',
      importance: 0.7,
      slot: 'employer',
    },
    {
      pattern: sentence(
        '我是(?:一名|一个|一位|名)?(?:小学|中学|大学|软件|高级|退休|兽|牙|外科|实习)?(?:老师|教师|医生|护士|律师|工程师|程序员|设计师|建筑师|会计|厨师|记者|翻译|学生|研究生|研究员|教授|司机|农民|药剂师|摄影师|音乐家|警察|消防员)',
      ),
      kind: 'FACT',
      importance: 0.7,
      slot: 'occupation',
    },
    {
      pattern: sentence('我的生日是[\\p{N}一二三四五六七八九十年月日号 ]{2,20}'),
      kind: 'FACT',
      importance: 0.8,
      slot: 'birthday',
    },
    {
      pattern: sentence(`我对((?:${ALLERGENS})(?:[、和与及](?:${ALLERGENS})){0,4})(?:严重)?过敏`),
      kind: 'FACT',
      importance: 0.9,
    },
    {
      pattern: sentence('我(?:现在)?是(?:一个|个|一名)?(?:素食者|素食主义者|纯素食者|纯素食主义者)|我吃素'),
      kind: 'FACT',
      importance: 0.8,
      slot: 'diet',
    },
    {
      pattern: sentence('我最喜欢的([\\p{Script=Han}]{1,8}?)(?:是|叫)(?!不|你|这|那)[\\p{L}\\p{N} ·]{1,12}'),
      kind: 'PREFERENCE',
      importance: 0.6,
      slot: 'favourite $1',
    },
    {
      pattern: sentence(
        '我(?:很|非常|特别|真的)?(?:喜欢|讨厌|热爱)(?!你|他|她|它|这|那|您|看你|我)[\\p{L}\\p{N}]{1,8}',
      ),
      kind: 'PREFERENCE',
      importance: 0.6,
    },
    {
      pattern: sentence(
        '(?:请)?(?:总是|始终|永远|一直|以后都?)(?:请)?(?:用|使用|以).{1,30}(?:回答|回复|写|说).{0,20}|请?(?:永远|千万)?不要再?(?:用|使用)(?!这|那).{1,30}(?:回答|回复)',
      ),
      kind: 'INSTRUCTION',
      importance: 0.7,
    },
    {
      pattern: sentence(`我(?:已经)?(?:不再对(${ALLERGENS})过敏|对(${ALLERGENS})不再过敏)了?`),
      kind: 'FACT',
      importance: 0.9,
      ends: true,
    },
    {
      pattern: sentence(
        `我(?:已经)?(?:从(${PLACE})(?:辞职|离职)|不(?:再)?在(${PLACE})(?:工作|上班)|离开(${PLACE})公司)了?`,
      ),
      kind: 'FACT',
      importance: 0.7,
      slot: 'employer',
      ends: true,
    },
    {
      pattern: sentence(`我(?:已经)?不(?:再)?住在(${PLACE})了?`),
      kind: 'FACT',
      importance: 0.8,
      slot: 'home',
      ends: true,
    },
    { pattern: sentence('请?记住[：:，,]? ?(?=我|我的|我们).{3,120}'), isRequest: true, kind: 'FACT', importance: 0.8 },
  ],
};
