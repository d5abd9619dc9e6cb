import ca.uhn.hl7v2.DefaultHapiContext;
import ca.uhn.hl7v2.HL7Exception;
import ca.uhn.hl7v2.HapiContext;
import ca.uhn.hl7v2.app.HL7Service;
import ca.uhn.hl7v2.model.Message;
import ca.uhn.hl7v2.model.Segment;
import ca.uhn.hl7v2.parser.GenericModelClassFactory;
import ca.uhn.hl7v2.protocol.MetadataKeys;
import ca.uhn.hl7v2.protocol.ReceivingApplication;
import ca.uhn.hl7v2.protocol.ReceivingApplicationException;
import ca.uhn.hl7v2.util.Terser;
import ca.uhn.hl7v2.util.idgenerator.InMemoryIDGenerator;
import ca.uhn.hl7v2.validation.impl.ValidationContextFactory;
import io.github.linuxforhealth.hl7.ConverterOptions;
import io.github.linuxforhealth.hl7.HL7ToFHIRConverter;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.Executors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Receives messages with HAPI's MLLP server on PORT, writes each to a new TOPIC of the Kafka at BROKER, and acknowledges
 * it when the broker has confirmed. With a fourth argument, "convert", what is written is the Bundle of the LinuxForHealth
 * converter.
 *
 * <p>Its best: a thread for each connection, generic classes, no validation, the ids of answers made in memory, one
 * producer that all threads share (acks=all, idempotent, batches as large as what is waiting, no time of waiting for more),
 * one converter likewise, which keeps nothing between messages.
 */
public final class Receive {
  private static final int PARTITIONS = 4;
  private static final ConverterOptions OPTIONS = new ConverterOptions.Builder().build();

  public static void main(String[] arguments) throws Exception {
    int port = Integer.parseInt(arguments[0]);
    String topic = arguments[2];
    HL7ToFHIRConverter converter = arguments.length > 3 ? new HL7ToFHIRConverter() : null;
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", arguments[1]))) {
      admin.createTopics(List.of(new NewTopic(arguments[2], PARTITIONS, (short) 1))).all().get();
    }
    Properties properties = new Properties();
    properties.put("bootstrap.servers", arguments[1]);
    properties.put("acks", "all");
    properties.put("enable.idempotence", "true");
    properties.put("linger.ms", "0");
    properties.put("batch.size", "262144");
    KafkaProducer<String, String> producer =
        new KafkaProducer<>(properties, new StringSerializer(), new StringSerializer());

    HapiContext context = new DefaultHapiContext(Executors.newCachedThreadPool());
    context.setModelClassFactory(new GenericModelClassFactory());
    context.setValidationContext(ValidationContextFactory.noValidation());
    context.getParserConfiguration().setIdGenerator(new InMemoryIDGenerator());
    HL7Service server = context.newServer(port, false);
    server.registerApplication(
        "*",
        "*",
        new ReceivingApplication<Message>() {
          @Override
          public Message processMessage(Message message, Map<String, Object> metadata)
              throws ReceivingApplicationException, HL7Exception {
            String text = (String) metadata.get(MetadataKeys.IN_RAW_MESSAGE);
            String value = converter == null ? text : converter.convert(text, OPTIONS);
            try {
              String sender = Terser.get((Segment) message.get("MSH"), 4, 0, 1, 1);
              producer.send(new ProducerRecord<>(topic, sender, value)).get();
              return message.generateACK();
            } catch (Exception failed) {
              throw new ReceivingApplicationException(failed);
            }
          }

          @Override
          public boolean canProcess(Message message) {
            return true;
          }
        });
    server.startAndWait();
  }
}
