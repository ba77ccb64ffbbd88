/**
 * Question, the passage that answers it in other words, and a decoy that shares a telling word with the question and
 * answers nothing. Written for this benchmark.
 */
export const PARAPHRASES: readonly (readonly [question: string, answer: string, decoy: string])[] = [
  [
    'How do I get my money back?',
    'Refunds are issued to the original card within five working days.',
    'Volunteers in yellow vests collect money at the gate of the fair.',
  ],
  [
    'What should I do if my car will not start?',
    'When the engine stays silent, check the battery terminals and try a jump lead.',
    'The car park behind the theatre opens at seven.',
  ],
  [
    'Is the dog allowed inside?',
    'Pets may enter the building as long as they are on a leash.',
    'A dog carved from soapstone stands on the mantelpiece.',
  ],
  [
    'My child has a fever',
    'A toddler with a high temperature should drink plenty and see a doctor after two days.',
    'Fever trees grow along the road to the lodge.',
  ],
  [
    'Where can I sleep tonight?',
    'The hostel by the harbour has free beds until midnight.',
    'The choir sings tonight in the upper church.',
  ],
  [
    'She is afraid of flying',
    'Air travel makes her panic, so she always takes the train.',
    'Afraid of the echo, the goat went round the cave.',
  ],
  [
    'How to lose weight',
    'Eating fewer calories and moving more lets the kilos go away slowly.',
    'Weight limits for parcels are printed on the scale.',
  ],
  [
    'The shop is closed on Sundays',
    'At the end of the week the store does not open its doors.',
    'Sundays in the atelier were devoted to charcoal drawing.',
  ],
  [
    'Can I pay later?',
    'Invoices may be settled within thirty days of delivery.',
    'Later editions of the atlas show the new canal.',
  ],
  [
    'What is the best time to visit?',
    'Come in spring, when the gardens bloom and the crowds have not arrived.',
    'The visit of the inspector was noted in the log book.',
  ],
  [
    'The film bored me',
    'I almost fell asleep in the cinema because nothing happened on the screen.',
    'The film of oil on the puddle shone in all colours.',
  ],
  [
    'Who wrote the national anthem?',
    'The words of the country’s official song are by a schoolteacher from the north.',
    'The anthem singer had a cold and hummed.',
  ],
  [
    'My internet is slow',
    'Pages take ages to load since the router was moved to the cellar.',
    'Internet cafés once stood on every corner of the capital.',
  ],
  [
    'He quit his job',
    'After ten years at the bank he handed in his resignation.',
    'Job had seven sons, says the inscription in the chapel.',
  ],
  ['She loves cooking', 'Preparing meals for friends is her greatest joy.', 'Cooking oil is stored in the blue drums.'],
  [
    'How can I protect my house from burglars?',
    'Good locks, outdoor lights and a neighbour who watches keep thieves away from your home.',
    'The house of mirrors is the oldest ride in the park.',
  ],
  [
    'The baby keeps crying at night',
    'Our newborn wakes every two hours and screams until dawn.',
    'A crying gull circled above the ferry.',
  ],
  [
    'What causes rust?',
    'Iron that meets water and air slowly turns into a reddish powder.',
    'Rust is the colour chosen for the sofa covers.',
  ],
  [
    'Is smoking permitted here?',
    'Cigarettes must be put out before you come into the lobby.',
    'Smoking chimneys are a motif of the early photographs.',
  ],
  [
    'We need more staff',
    'The team is too small for the workload, so we are hiring.',
    'The shepherd leaned on his staff and whistled.',
  ],
  [
    'How does a vaccine work?',
    'A weakened germ teaches the immune system to recognise the real illness.',
    'Work on the road tunnel ends in May.',
  ],
  [
    'I forgot my password',
    'Choose “reset credentials” on the sign-in page and follow the link we mail you.',
    'The password of the scouts was “thunder”.',
  ],
  [
    'The hotel room was dirty',
    'There were stains on the sheets and hair in the shower where we stayed.',
    'The hotel school trains forty cooks a year.',
  ],
  [
    'They got married last summer',
    'The wedding took place in July under the old oak.',
    'Last summer the roof of the stable was thatched anew.',
  ],
  [
    'How do bees make honey?',
    'Insects carry nectar to the hive, where it thickens in wax cells.',
    'Honey is the name of the pony in the third stall.',
  ],
  [
    'The meeting has been postponed',
    'Tuesday’s conference call will now take place next month.',
    'Fireworks were postponed because of the wind.',
  ],
  [
    'He is allergic to nuts',
    'Peanuts and almonds make his throat swell.',
    'The nuts and bolts are in the drawer on the left.',
  ],
  [
    'Where do penguins live?',
    'These flightless birds are at home on the ice of the Southern Hemisphere.',
    'The penguins of the logo were drawn by an apprentice.',
  ],
  [
    'How can I save electricity?',
    'Switch appliances off completely and your power bill will shrink.',
    'The electricity museum shows the first dynamos.',
  ],
  [
    'The train was late again',
    'Once more the railway kept us waiting on the platform for an hour.',
    'The late works of the composer are seldom played.',
  ],
  [
    'What do I need for a passport?',
    'Bring two photographs and your birth certificate to apply for the travel document.',
    'The passport of the stuffed bear is a joke among the crew.',
  ],
  [
    'She broke her leg while skiing',
    'An accident on the slopes left her with a fractured shin.',
    'The last leg of the relay is the steepest.',
  ],
  [
    'Why is the sky blue?',
    'Air scatters short wavelengths of sunlight more than long ones.',
    'Blue tiles cover the walls of the bath.',
  ],
  [
    'The soup is too salty',
    'Someone put far more sodium into the broth than anyone could enjoy.',
    'The soup tureen was a gift of the guild.',
  ],
  [
    'He speaks several languages',
    'She married a polyglot who is fluent in Greek, Polish and Thai.',
    'Languages were his hobby horse at every dinner.',
  ],
  [
    'How to calm down before an exam',
    'Breathing slowly helps students against nerves ahead of a test.',
    'The exam board meets behind closed shutters.',
  ],
  [
    'The company went bankrupt',
    'The firm could no longer pay its debts and was dissolved.',
    'The company of actors travels with two wagons.',
  ],
  [
    'My phone battery dies quickly',
    'The mobile has to be charged three times a day.',
    'The phone book of 1931 is in the archive.',
  ],
  [
    'Can dogs eat chocolate?',
    'Cocoa is poisonous for canines, even in small amounts.',
    'Chocolate was the favourite colour of the decorator.',
  ],
  [
    'The old man lives alone',
    'Since his wife passed away, grandfather has had the cottage to himself.',
    'Nine lives are granted to the cat in the fable.',
  ],
  [
    'I am looking for a flat to rent',
    'An apartment with two bedrooms is available for tenants from March.',
    'A flat stone skips best across the pond.',
  ],
  [
    'What happens when the sun goes down on the equator?',
    'Dusk is short in the tropics: darkness falls within minutes.',
    'The sun on the inn sign has twelve rays.',
  ],
  [
    'The painting was stolen from the museum',
    'Thieves took a canvas worth millions from the gallery.',
    'A thief of hearts, says the song, was stolen from.',
  ],
  [
    'How do I remove a wine stain?',
    'Salt and sparkling water lift red marks out of a tablecloth.',
    'The wine list has been printed on birch bark.',
  ],
  [
    'She wants to become a doctor',
    'Her dream is to study medicine and treat patients.',
    'The doctor in the play enters through the window.',
  ],
  [
    'Is it safe to swim in the lake?',
    'Strong currents make bathing dangerous beyond the buoys.',
    'The lake on the map is shaped like a boot.',
  ],
  ['The plants are dying', 'My ferns have turned brown and drop their leaves.', 'Power plants line the estuary.'],
  [
    'We ran out of fuel',
    'There was no petrol left in the tank in the middle of the desert.',
    'Fuel for gossip was found in the letters.',
  ],
  [
    'How do I become a better speaker?',
    'Practise your talk aloud in front of a mirror to hold an audience.',
    'The left speaker of the stereo hums.',
  ],
  [
    'The bridge is unsafe for trucks',
    'Lorries must take the detour because the crossing cannot bear their load.',
    'Bridge is played on Thursdays in the club room.',
  ],
  [
    'He cannot remember anything since the accident',
    'The crash wiped out his memory.',
    'The accident of a dropped brush gave the picture its title.',
  ],
  [
    'What should I wear to the interview?',
    'A dark suit and polished shoes make a good impression on a future employer.',
    'The interview with the beekeeper fills two pages.',
  ],
  [
    'Children watch too much television',
    'Kids spend hours before the screen every day.',
    'Television towers may be climbed on open day.',
  ],
  [
    'Prices have risen sharply',
    'Everything costs far more than it did a year ago.',
    'Prices of the lottery were fixed by law in 1904.',
  ],
  [
    'He was fired for stealing',
    'The cashier lost her position after taking cash from the till.',
    'The pots were fired twice in the old kiln.',
  ],
  [
    'How can I make friends in a new city?',
    'Joining a club is the easiest way to meet people after you have moved.',
    'The city arms show a heron and a key.',
  ],
  [
    'The river flooded the village',
    'Water stood a metre high in the streets after the dam burst.',
    'The village band rehearses in the barn.',
  ],
  [
    'I cannot hear you',
    'Your voice does not come through, the line is silent.',
    'Birds that you hear at dawn are mostly thrushes.',
  ],
  [
    'When was the city founded?',
    'Settlers built the first houses of the town in the Middle Ages.',
    'The city of the story has no gates.',
  ],
  [
    'The tickets are sold out',
    'No seats are left for tonight’s concert.',
    'The parking tickets were printed as postcards.',
  ],
  [
    'How do I stop my nose from bleeding?',
    'Pinch the nostrils and lean forward until the blood dries up.',
    'The nose of the statue has been rubbed shiny.',
  ],
  [
    'She saved a drowning boy',
    'A passer-by jumped into the canal and pulled the child to safety.',
    'The boy in the fresco holds a kite.',
  ],
  [
    'The printer does not print',
    'Nothing comes out of the machine although there is paper and toner.',
    'The printer of the gazette lived above the bakery.',
  ],
  [
    'Are there bears in this forest?',
    'Hikers have met large brown predators in these woods.',
    'The forest green of the uniforms has faded.',
  ],
  [
    'How much sleep do adults need?',
    'Grown-ups should rest between seven and nine hours each night.',
    'The sleep of reason is the title of an etching.',
  ],
  [
    'The neighbours are very noisy',
    'People next door play loud music until three in the morning.',
    'The neighbours of the comet are two faint stars.',
  ],
  [
    'He is deeply in debt',
    'He owes the bank more than he will ever earn.',
    'The debt of the poet to his teacher is plain.',
  ],
  [
    'What is the cure for hiccups?',
    'Holding your breath often ends those sudden spasms of the diaphragm.',
    'The ham cure takes eleven months in the cellar.',
  ],
  [
    'They are building a new school',
    'Construction of classrooms for four hundred pupils began in May.',
    'The old school tie is worn with irony.',
  ],
  [
    'I missed the last bus',
    'When I reached the stop, the final coach had already gone.',
    'The bus on the stamp is a double-decker.',
  ],
  [
    'How do I tell real gold from fake?',
    'Genuine precious metal is heavy, is not magnetic and leaves no green mark.',
    'The gold rush left behind a street of saloons.',
  ],
  [
    'My back hurts when I sit',
    'Pain in the lower spine comes from hours in a bad chair.',
    'Chairs hurt no one, said the joiner, people do.',
  ],
  [
    'The witness lied in court',
    'What she swore before the judge turned out to be false.',
    'The tennis court is swept every morning.',
  ],
  [
    'How was the dinosaur era ended?',
    'A giant rock from space struck the earth and wiped out the great reptiles.',
    'The dinosaur slide is the tallest in the playground.',
  ],
  ['She is expecting a baby', 'My sister is five months pregnant.', 'The umbrella was baby blue with a bamboo handle.'],
];
