/** What people say to an offer: thanks, regret, praise. */
const REPLY =
  /^(?:(?:(?:no,? |many )?thanks|thank you|sorry|(?:(?:that|it|this) )?sounds (?:\p{L}+ )?\p{L}+|(?:nice|great|good|lovely) \p{L}+|danke|(?:das |es )?klingt (?:\p{L}+ )?\p{L}+|schöne[rs]? \p{L}+|merci|ça a l'air \p{L}+|gracias|suena \p{L}+|grazie|sembra \p{L}+|obrigad[oa]|parece \p{L}+|bedankt|dank je|klinkt \p{L}+|спасибо|звучит \p{L}+|хотела? бы)(?: (?:for|für|pour|por|per|pelo|voor|за) \p{L}+(?: \p{L}+){0,3})?|(?:谢谢|听起来)[^，,]{0,6}|[^はがも、]{1,10}たい(?:です)?|ありがとう(?:ございます)?)[,，、 ]*$/iu;

/** "The soup smells wonderful": a thing, how it strikes the senses, and one to four words of it, by languages. */
const SENSED = new RegExp(
  `^(?:${[
    '(?:(?:the|this|that|these|those|your|it) (?:\\p{L}+ ){0,3})?(?:smells?|looks?|tastes?|sounds?|seems?) (?!like )\\p{L}+(?: \\p{L}+){0,3}',
    '(?:(?:d(?:er|ie|as)|diese[rs]?|deine?|es) (?:\\p{L}+ ){0,3})?(?:sieht|sehen|riecht|riechen|schmeckt|schmecken|klingt|klingen|duftet|duften) \\p{L}+(?: \\p{L}+){0,3}',
    "(?:(?:l[ea]s?|cet?|cette|ces|vos|votre|ton|ta|tes|ça|cela) |l')(?:\\p{L}+ ){0,3}(?:(?:a|ont) l'air|sent|sentent|semble|semblent|paraît|paraissent) \\p{L}+(?: \\p{L}+){0,3}",
    '(?:el|las?|los|es[aeo]s?|est[aeo]s?|tus?) (?:\\p{L}+ ){0,3}(?:huelen?|parecen?|suenan?|saben?|tienen? (?:muy )?buena pinta)(?: \\p{L}+){0,4}',
    "(?:(?:il|la|lo|i|le|gli|quest[oaie]|quell?[oaie]?) |l')(?:\\p{L}+ ){0,3}(?:sembra(?:no)?|profuma(?:no)?|suona(?:no)?|(?:ha|hanno) un (?:buon|ottimo) (?:profumo|odore|aspetto))(?: \\p{L}+){0,4}",
    '(?:os?|as?|isto|isso|ess[ae]s?|est[ae]s?|seus?|suas?) (?:\\p{L}+ ){0,3}(?:parecem?|cheiram?|soam?) \\p{L}+(?: \\p{L}+){0,3}',
    '(?:de|het|dit|dat|die|deze|je|jouw) (?:\\p{L}+ ){0,3}(?:ziet|zien|ruikt|ruiken|smaakt|smaken|klinkt|klinken|lijkt|lijken) \\p{L}+(?: \\p{L}+){0,3}',
    '(?:\\p{L}+ ){1,3}(?:выглядит|выглядят|пахнет|пахнут|звучит|звучат) \\p{L}+(?: \\p{L}+){0,2}',
    '[^，,。]{0,8}(?:闻|看|听|尝|吃)起来[^，,。]{1,8}',
    '[^、。はが]{0,6}(?:美味し|おいし|うま|良さ|よさ|楽し|面白|おもしろ|辛|甘)そう',
  ].join('|')})[,，、 ]*$`,
  'iu',
);

/** Returns whether a text is the whole of what people say of an offer or a thing, before they say why not. */
export const isRemark = (text: string): boolean => REPLY.test(text) || SENSED.test(text);
